{{ config(materialized='ephemeral') }}

{{ web_touchpoints('ga4') }}
