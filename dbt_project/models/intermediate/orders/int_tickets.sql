{{ config(
    materialized='incremental',
    unique_key='ticket_id',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['source_record_key']}, {'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

{{ upsert_changed(
    parts=parts_of('int_tickets'),
    key=['ticket_id'],
    columns=[
        'source_record_key', 'source_platform', 'source_ticket_id', 'order_id', 'origin_channel', 'is_social',
        'first_message_channel', 'answer_channel', 'status', 'priority', 'intent', 'opened_at', 'first_reply_at', 'reply_count',
        'customer_message_count', 'first_solved_at', 'solved_at', 'reopened_count', 'satisfaction_asked_at', 'satisfaction_score',
        'satisfaction_rated_at', 'is_deleted',
    ],
) }}
