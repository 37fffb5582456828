{{ config(materialized='ephemeral') }}

{{ web_identifiers('segment') }}
