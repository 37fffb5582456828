-- superseded versions of an order's first line: what the cumulative refund was on earlier nights
select
    -- ids
    name as order_name,

    -- money
    coalesce(refunded_amount, 0) as refunded_amount,

    -- metadata
    _is_deleted as is_deleted,
    _export_date,
    _batch_id
from {{ source('shopify_history', 'orders_export') }}
where is_first_line
