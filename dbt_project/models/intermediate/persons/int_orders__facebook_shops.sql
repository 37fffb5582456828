{{ config(materialized='ephemeral') }}

-- An order of Facebook or Instagram Shops that the brand's own shop exports too (merchant_order_id) is one order: the shop's
-- record counts, and this one goes, also when the shop's export comes later. Its buyer stays a person, tied by the number.
with changed_orders as (
    select
        shops_order_id,
        shop_order_id
    from {{ ref('stg_facebook_shops__orders') }}
    where {{ changed_since('facebook_shops', 'order', into='int_orders') }}
),

changed_in_shop as (
    select distinct 'shopify:' || upper(ltrim(order_name, '#')) as shop_order_id
    from {{ ref('stg_shopify__order_lines') }}
    where {{ changed_since('shopify', 'orders_export', into='int_orders') }}
),

changed as (
    select shops_order_id from changed_orders
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
    from changed_in_shop
    inner join {{ ref('stg_facebook_shops__orders') }} as orders on changed_in_shop.shop_order_id = orders.shop_order_id
    union
    select orders.shops_order_id
    from {{ ref('stg_shopify__orders') }} as shop_orders
    inner join {{ ref('stg_facebook_shops__orders') }} as orders on orders.shop_order_id = 'shopify:id:' || shop_orders.source_order_id
    where {{ changed_since('shopify', 'orders_export', into='int_orders', column='shop_orders._changed_seq') }}
),

-- the shop's names are written with and without their sign
in_shop as (
    select orders.shops_order_id
    from changed
    inner join {{ ref('stg_facebook_shops__orders') }} as orders on changed.shops_order_id = orders.shops_order_id
    cross join lateral (values (orders.merchant_order_id), ('#' || ltrim(orders.merchant_order_id, '#'))) as named (order_name)
    inner join {{ ref('stg_shopify__orders') }} as shop_orders on named.order_name = shop_orders.order_name
    where not shop_orders.is_deleted
    union
    select orders.shops_order_id
    from changed
    inner join {{ ref('stg_facebook_shops__orders') }} as orders on changed.shops_order_id = orders.shops_order_id
    inner join {{ ref('stg_shopify__orders') }} as shop_orders on orders.merchant_order_id = shop_orders.source_order_id
    where not shop_orders.is_deleted and orders.merchant_order_id ~ '^\d{9,}$'
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
    orders.channel as sales_channel,
    case when orders.is_placed then 'paid' else 'pending' end as financial_status,
    orders.is_test,
    orders.is_placed as is_paid,
    null::text as discount_code,
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
