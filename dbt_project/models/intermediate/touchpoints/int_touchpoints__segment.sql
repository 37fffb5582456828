{{ config(materialized='ephemeral') }}

{{ web_touchpoints('segment') }}
