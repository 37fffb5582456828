{{ config(materialized='ephemeral') }}

-- An order of Facebook or Instagram Shops that the brand's own shop exports too (merchant_order_id) is one order: the shop's
-- record counts, and this one goes, also when the shop's export comes later. Its buyer stays a person, tied by the number.
with shop_orders_changed as (
    {{ shopify_orders_changed(into='int_orders') }}
),

-- the shop's changed orders under every number by which a Shops order may quote them
shop_numbers as (
    select 'shopify:' || upper(ltrim(order_name, '#')) as shop_order_id from shop_orders_changed
    union
    select 'shopify:id:' || orders.source_order_id
    from shop_orders_changed
    inner join {{ ref('stg_shopify__orders') }} as orders on shop_orders_changed.order_name = orders.order_name
    union
    select 'shopify:id:' || orders.source_order_id
    from shop_orders_changed
    inner join {{ ref('stg_shopify__api_orders') }} as orders on shop_orders_changed.order_name = orders.order_name
),

changed as (
    select shops_order_id
    from {{ ref('stg_facebook_shops__orders') }}
    where {{ changed_since('facebook_shops', 'order', into='int_orders') }}
    union
    select shops_order_id
    from {{ ref('stg_facebook_shops__order_items') }}
    where {{ changed_since('facebook_shops', 'order_item', into='int_orders') }}
    union
    select shops_order_id
    from {{ ref('stg_facebook_shops__cancellations') }}
    where {{ changed_since('facebook_shops', 'cancellation', into='int_orders') }}
    union
    select orders.shops_order_id
    from shop_numbers
    inner join {{ ref('stg_facebook_shops__orders') }} as orders on shop_numbers.shop_order_id = orders.shop_order_id
),

quoting as (
    select
        orders.shops_order_id,
        orders.merchant_order_id
    from changed
    inner join {{ ref('stg_facebook_shops__orders') }} as orders on changed.shops_order_id = orders.shops_order_id
    where orders.merchant_order_id is not null
),

-- the shop's names are quoted with and without their sign
quoted as (
    select
        quoting.shops_order_id,
        named.order_name
    from quoting
    cross join lateral (values (quoting.merchant_order_id), ('#' || ltrim(quoting.merchant_order_id, '#'))) as named (order_name)
    union
    select
        quoting.shops_order_id,
        shop_orders.order_name
    from quoting
    inner join {{ ref('stg_shopify__orders') }} as shop_orders on quoting.merchant_order_id = shop_orders.source_order_id
    union
    select
        quoting.shops_order_id,
        shop_orders.order_name
    from quoting
    inner join {{ ref('stg_shopify__api_orders') }} as shop_orders on quoting.merchant_order_id = shop_orders.source_order_id
),

shop_orders as (
    {{ shopify_orders('quoted', keep=['shops_order_id']) }}
),

in_shop as (
    select distinct shops_order_id
    from shop_orders
    where not is_deleted
),

items as (
    select
        changed.shops_order_id,
        sum(items.quantity) as unit_count,
        sum(items.quantity) > 0 and sum(items.quantity_cancelled) >= sum(items.quantity) as is_all_cancelled
    from changed
    inner join {{ ref('stg_facebook_shops__order_items') }} as items on changed.shops_order_id = items.shops_order_id
    where not items.is_deleted
    group by 1
),

cancellations as (
    select
        changed.shops_order_id,
        max(cancellations.cancelled_at) as cancelled_at
    from changed
    inner join {{ ref('stg_facebook_shops__cancellations') }} as cancellations on changed.shops_order_id = cancellations.shops_order_id
    where not cancellations.is_deleted
    group by 1
)

select
    orders.order_id,
    orders.source_record_key,
    'facebook_shops'::text as source_platform,
    orders.shops_order_id as source_order_id,
    orders.shop_order_id as alternate_order_id,
    orders.ordered_at,
    case when orders.is_placed then orders.ordered_at end as paid_at,
    case
        when orders.is_cancelled or coalesce(items.is_all_cancelled, false)
            then coalesce(cancellations.cancelled_at, orders.updated_at, orders.ordered_at)
    end as cancelled_at,
    case orders.channel when 'instagram' then 'instagram_shop' else 'facebook_shop' end as sales_channel,
    case when orders.is_placed then 'paid' else 'pending' end as financial_status,
    orders.is_test,
    orders.is_placed as is_paid,
    null::text as discount_code,
    null::boolean as is_gift,
    items.unit_count::numeric(18, 4) as unit_count,
    0::numeric(18, 2) as discount_amount,
    coalesce(orders.shipping_amount, 0)::numeric(18, 2) as shipping_amount,
    orders.tax_amount,
    coalesce(orders.total_amount, orders.items_amount, 0)::numeric(18, 2) as total_amount,
    orders.currency_code,
    orders.is_deleted or in_shop.shops_order_id is not null as is_deleted
from changed
inner join {{ ref('stg_facebook_shops__orders') }} as orders on changed.shops_order_id = orders.shops_order_id
left join items on changed.shops_order_id = items.shops_order_id
left join cancellations on changed.shops_order_id = cancellations.shops_order_id
left join in_shop on changed.shops_order_id = in_shop.shops_order_id
