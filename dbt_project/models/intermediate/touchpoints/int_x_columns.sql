{{ config(
    materialized='incremental',
    unique_key=['mart', 'source_platform', 'source_object', 'entity_id'],
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['source_record_key']}, {'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

{{ upsert_changed(
    parts=[ref('int_x_columns__raw')],
    key=['mart', 'source_platform', 'source_object', 'entity_id'],
    columns=['source_record_key', 'x_columns', 'is_deleted'],
    blanked=['x_columns'],
) }}
