{{ config(
    materialized='incremental',
    unique_key='touchpoint_id',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['source_record_key']}, {'columns': ['source_event_id']}, {'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

{{ upsert_changed(
    parts=parts_of('int_touchpoints'),
    key=['touchpoint_id'],
    columns=[
        'source_platform', 'source_object', 'source_event_id', 'source_record_key', 'touchpoint_type', 'occurred_at', 'channel',
        'campaign', 'content_id', 'order_id', 'ticket_id', 'intent', 'value_amount', 'currency_code', 'source_priority', 'is_bot',
        'is_deleted',
    ],
) }}
