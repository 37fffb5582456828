select
    -- ids
    id as order_line_id,
    order_id as source_order_id,

    -- product
    {{ clean_cell('sku') }} as product_sku,
    coalesce({{ clean_text('name') }}, {{ join_text([clean_text('title'), clean_text('variant_title')], ' - ') }}) as product_name,
    quantity,
    coalesce(price, round(original_total / nullif(quantity, 0), 4)) as unit_price_amount,
    coalesce(total_discount, 0) as discount_amount,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('shopify', 'order_line') }}
