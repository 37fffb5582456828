{{ config(
    materialized='incremental',
    unique_key='refund_id',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['source_record_key']}, {'columns': ['order_id']}, {'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

{{ upsert_changed(
    parts=parts_of('int_refunds'),
    key=['refund_id'],
    columns=[
        'source_record_key', 'source_platform', 'order_id', 'refunded_at', 'compensation_type', 'is_correction',
        'refund_amount', 'currency_code', 'is_deleted',
    ],
    owner='order_id',
) }}
