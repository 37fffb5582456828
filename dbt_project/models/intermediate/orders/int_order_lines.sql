{{ config(
    materialized='incremental',
    unique_key=['order_id', 'line_no'],
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

{{ upsert_changed(
    parts=parts_of('int_order_lines'),
    key=['order_id', 'line_no'],
    columns=[
        'source_record_key', 'source_platform', 'product_sku', 'product_name', 'quantity', 'unit_price_amount',
        'discount_amount', 'line_amount', 'is_deleted',
    ],
    owner='order_id',
) }}
