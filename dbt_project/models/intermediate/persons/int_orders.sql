{{ config(
    materialized='incremental',
    unique_key='order_id',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['source_record_key']}, {'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

-- in the layer persons, since the contacts of orders are persons
-- depends_on: {{ ref('int_records_touched') }} (which asks this table, as it was, for the earlier buyers of changed orders)
{{ upsert_changed(
    parts=parts_of('int_orders'),
    key=['order_id'],
    columns=[
        'source_record_key', 'source_platform', 'source_order_id', 'alternate_order_id', 'ordered_at', 'paid_at', 'cancelled_at',
        'sales_channel', 'financial_status', 'is_test', 'is_paid', 'discount_code', 'is_gift', 'unit_count',
        'discount_amount', 'shipping_amount', 'tax_amount', 'total_amount', 'currency_code', 'is_deleted',
    ],
) }}
