{{ config(materialized='ephemeral') }}

{{ web_identifiers('ga4') }}
