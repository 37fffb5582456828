{{ config(
    materialized='incremental',
    unique_key='touchpoint_id',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['source_record_key']}, {'columns': ['source_event_id']}, {'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

{{ upsert_changed(
    parts=parts_of('int_messages'),
    key=['touchpoint_id'],
    columns=message_columns(),
    blanked=['message_text', 'message_title', 'hashtags'],
) }}
