{{ config(materialized='ephemeral') }}

{{ web_records_touched('ga4') }}
