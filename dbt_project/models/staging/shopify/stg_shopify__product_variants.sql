select
    -- ids
    id as variant_id,
    product_id as shop_product_id,
    {{ clean_cell('sku') }} as product_sku,

    -- variant: what it costs and how much of it there is now
    coalesce({{ clean_text('display_name') }}, {{ clean_text('title') }}) as variant_name,
    position,
    price::numeric(18, 2) as price_amount,
    inventory_quantity::integer as stock_quantity,
    lower(inventory_policy) = 'continue' as is_sold_without_stock,
    updated_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('shopify', 'product_variant') }}
