{{ config(
    materialized='incremental',
    unique_key='touchpoint_id',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['source_record_key']}, {'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

{{ upsert_changed(
    parts=[
        ref('int_touchpoints__shopify'),
        ref('int_touchpoints__instagram'),
        ref('int_touchpoints__segment'),
        ref('int_touchpoints__zendesk'),
        ref('int_touchpoints__point_of_sale'),
    ],
    key=['touchpoint_id'],
    columns=[
        'source_platform', 'source_object', 'source_event_id', 'source_record_key', 'touchpoint_type', 'occurred_at', 'channel',
        'campaign', 'content_id', 'order_id', 'ticket_id', 'intent', 'value_amount', 'currency_code', 'source_priority', 'is_bot',
        'is_deleted',
    ],
) }}
