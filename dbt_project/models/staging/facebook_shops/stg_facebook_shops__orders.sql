select
    -- ids
    id as shops_order_id,
    'facebook_shops:' || id as order_id,
    -- the same order in the brand's own shop
    {{ clean_text('merchant_order_id') }} as merchant_order_id,
    {{ order_reference(clean_text('merchant_order_id')) }} as shop_order_id,
    {{ source_record_key("'facebook_shops'", "'guest_order'", 'id') }} as source_record_key,

    -- state: an order that is still being checked may vanish and is no purchase yet
    upper(state) as order_state,
    coalesce(upper(state) in ('CREATED', 'IN_PROGRESS', 'COMPLETED', 'SHIPPED', 'CANCELLED', 'REFUNDED'), false) as is_placed,
    coalesce(upper(state) = 'CANCELLED', false) as is_cancelled,
    coalesce(is_test_order, false) as is_test,
    created as ordered_at,
    last_updated as updated_at,
    case when lower(channel) = 'instagram' then 'instagram' else 'facebook' end as channel,

    -- money
    upper(currency) as currency_code,
    items_amount,
    shipping_amount,
    tax_amount,
    total_amount,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_shops', 'order') }}
