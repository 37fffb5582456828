{{ config(materialized='ephemeral') }}

{{ web_records_touched('snowplow') }}
