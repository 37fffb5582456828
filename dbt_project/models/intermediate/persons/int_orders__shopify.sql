{{ config(materialized='ephemeral') }}

with shops_orders_changed as (
    select merchant_order_id
    from {{ ref('stg_facebook_shops__orders') }}
    where merchant_order_id is not null and {{ changed_since('facebook_shops', 'order', into='int_orders') }}
),

changed as (
    {{ shopify_orders_changed(into='int_orders') }}
    union
    -- an order that was placed in a shop of Facebook or Instagram was sold there
    select named.order_name
    from shops_orders_changed
    cross join lateral (
        values (shops_orders_changed.merchant_order_id), ('#' || ltrim(shops_orders_changed.merchant_order_id, '#'))
    ) as named (order_name)
    union
    select orders.order_name
    from shops_orders_changed
    inner join {{ ref('stg_shopify__orders') }} as orders on shops_orders_changed.merchant_order_id = orders.source_order_id
    union
    select orders.order_name
    from shops_orders_changed
    inner join {{ ref('stg_shopify__api_orders') }} as orders on shops_orders_changed.merchant_order_id = orders.source_order_id
),

orders as (
    {{ shopify_orders('changed') }}
),

-- where each kind of source sells: the first rule of seeds/sales_channel_rules.csv
sold_in as (
    select distinct on (sources.order_source)
        sources.order_source,
        rules.sales_channel
    from (select distinct coalesce(order_source, '') as order_source from orders) as sources
    inner join {{ ref('sales_channel_rules') }} as rules on rules.source_platform = 'shopify' and sources.order_source ~ rules.source_pattern
    order by sources.order_source, rules.priority, rules.sales_channel
),

shops_orders as (
    select
        shop_order_id,
        min(case channel when 'instagram' then 'instagram_shop' else 'facebook_shop' end) as sales_channel
    from {{ ref('stg_facebook_shops__orders') }}
    where shop_order_id is not null and not is_deleted
    group by 1
),

units as (
    select
        orders.order_name,
        sum(lines.quantity) as unit_count
    from orders
    inner join {{ ref('stg_shopify__order_lines') }} as lines on orders.order_name = lines.order_name
    where orders.source_object = 'orders_export' and not lines.is_deleted
    group by 1
    union all
    select
        orders.order_name,
        sum(lines.quantity)
    from orders
    inner join {{ ref('stg_shopify__api_order_lines') }} as lines on orders.source_order_id = lines.source_order_id
    where orders.source_object = 'order' and not lines.is_deleted
    group by 1
)

select
    orders.order_id,
    orders.source_record_key,
    'shopify'::text as source_platform,
    orders.order_name as source_order_id,
    case when orders.source_order_id is not null then 'shopify:id:' || orders.source_order_id end as alternate_order_id,
    orders.ordered_at,
    orders.paid_at,
    orders.cancelled_at,
    coalesce(by_name.sales_channel, by_id.sales_channel, sold_in.sales_channel, 'other') as sales_channel,
    orders.financial_status,
    orders.is_test,
    coalesce(orders.financial_status in ('paid', 'partially_refunded', 'refunded'), false) as is_paid,
    orders.discount_code,
    orders.is_gift,
    units.unit_count::numeric(18, 4) as unit_count,
    orders.discount_amount,
    orders.shipping_amount,
    orders.tax_amount,
    coalesce(orders.total_amount, 0)::numeric(18, 2) as total_amount,
    orders.currency_code,
    orders.is_deleted
from orders
left join units on orders.order_name = units.order_name
left join shops_orders as by_name on orders.order_id = by_name.shop_order_id
left join shops_orders as by_id on by_id.shop_order_id = 'shopify:id:' || orders.source_order_id
left join sold_in on coalesce(orders.order_source, '') = sold_in.order_source
