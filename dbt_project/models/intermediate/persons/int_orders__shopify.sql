{{ config(materialized='ephemeral') }}

with changed as (
    {{ shopify_orders_changed(into='int_orders') }}
),

orders as (
    {{ shopify_orders('changed') }}
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
    case when orders.order_source = 'pos' then 'store' else 'web_shop' end as sales_channel,
    orders.financial_status,
    orders.is_test,
    coalesce(orders.financial_status in ('paid', 'partially_refunded', 'refunded'), false) as is_paid,
    orders.discount_code,
    units.unit_count::numeric(18, 4) as unit_count,
    orders.discount_amount,
    orders.shipping_amount,
    orders.tax_amount,
    coalesce(orders.total_amount, 0)::numeric(18, 2) as total_amount,
    orders.currency_code,
    orders.is_deleted
from orders
left join units on orders.order_name = units.order_name
