select
    -- ids
    id as shop_product_id,

    -- product
    {{ clean_text('title') }} as product_title,
    {{ clean_text('product_type') }} as product_type,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('shopify', 'product') }}
