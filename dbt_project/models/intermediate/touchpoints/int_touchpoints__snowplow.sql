{{ config(materialized='ephemeral') }}

{{ web_touchpoints('snowplow') }}
