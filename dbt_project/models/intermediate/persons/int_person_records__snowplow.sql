{{ config(materialized='ephemeral') }}

{{ web_person_records('snowplow') }}
