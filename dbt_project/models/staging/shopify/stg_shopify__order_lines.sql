select
    -- ids
    name as order_name,
    line_number as line_no,
    {{ source_record_key("'shopify'", "'order_line'", "name || '|' || line_number") }} as order_line_key,

    -- product
    {{ clean_cell('lineitem_sku') }} as product_sku,
    {{ clean_text('lineitem_name') }} as product_name,
    lineitem_quantity as quantity,
    lineitem_price as unit_price_amount,
    coalesce(lineitem_discount, 0) as discount_amount,

    -- metadata
    _is_deleted as is_deleted,
    _export_date,
    _changed_seq
from {{ source('shopify', 'orders_export') }}
