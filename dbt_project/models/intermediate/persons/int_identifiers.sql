{{ config(
    materialized='incremental',
    unique_key=['source_record_key', 'identifier_type', 'identifier_namespace', 'identifier_value'],
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['identifier_value', 'identifier_namespace']}, {'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

-- depends_on: {{ ref('int_person_records') }} (so that this table is the last of its layer: while it is missing, everything is read)
{{ upsert_changed(
    parts=parts_of('int_identifiers'),
    key=['source_record_key', 'identifier_type', 'identifier_namespace', 'identifier_value'],
    columns=['is_verified', 'is_deleted', 'first_seen_at', 'last_seen_at'],
    owner='source_record_key',
) }}
