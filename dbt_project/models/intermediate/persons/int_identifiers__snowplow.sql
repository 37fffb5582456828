{{ config(materialized='ephemeral') }}

{{ web_identifiers('snowplow') }}
