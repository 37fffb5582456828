{{ config(materialized='ephemeral') }}

{{ x_column_rows() }}
