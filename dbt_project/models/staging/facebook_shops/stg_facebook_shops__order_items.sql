select
    -- ids
    order_id as shops_order_id,
    id as item_id,

    -- line
    {{ clean_text('retailer_id') }} as product_sku,
    {{ clean_text('product_name') }} as product_name,
    coalesce(quantity, 0) as quantity,
    coalesce(quantity_cancelled, 0) as quantity_cancelled,
    coalesce(price_per_unit, 0) as unit_price,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_shops', 'order_item') }}
