{{ config(
    meta={'publish': 'customer'},
    indexes=[
        {'columns': ['golden_customer_id', 'ordered_at']},
        {'columns': ['ordered_date', 'sales_channel']},
        {'columns': ['source_platform', 'source_order_id']},
    ],
) }}

with orders as (
    select * from {{ ref('int_orders_numbered') }}
),

-- the purchase cycle in which the order was placed
episodes as (
    select
        golden_customer_id,
        order_id,
        min(episode_no) as episode_no
    from {{ ref('fct_touchpoints') }}
    where touchpoint_type in (select touchpoint_type from {{ ref('touchpoint_types') }} where is_order_evidence)
    group by 1, 2
),

refunds as (
    select
        golden_customer_id,
        order_id,
        sum(refund_amount) as refunded_amount
    from {{ ref('fct_refunds') }}
    where order_id is not null
    group by 1, 2
)

select
    orders.order_id,
    orders.golden_customer_id,
    orders.golden_customer_id_first,
    orders.source_record_key,
    orders.source_platform,
    orders.source_order_id,
    orders.sales_channel,
    orders.ordered_at,
    {{ local_date('orders.ordered_at') }} as ordered_date,
    orders.paid_at,
    orders.delivered_at,
    orders.cancelled_at,
    orders.first_refunded_at,
    orders.fully_refunded_at,
    orders.financial_status,
    orders.is_test,
    orders.is_paid,
    orders.is_counted,
    orders.customer_order_no,
    episodes.episode_no,
    orders.unit_count,
    orders.discount_code,
    orders.is_gift,
    orders.currency_code,
    orders.discount_amount,
    orders.shipping_amount,
    orders.tax_amount,
    orders.total_amount,
    coalesce(refunds.refunded_amount, 0)::numeric(18, 2) as refunded_amount,
    (orders.total_amount - coalesce(refunds.refunded_amount, 0))::numeric(18, 2) as net_amount,
    '{{ var("reporting_currency") }}'::text as reporting_currency_code,
    round(orders.total_amount * orders.rate_to_reporting, 2)::numeric(18, 2) as total_reporting_amount,
    round(coalesce(refunds.refunded_amount, 0) * orders.rate_to_reporting, 2)::numeric(18, 2) as refunded_reporting_amount,
    coalesce(refunds.refunded_amount, 0) > orders.total_amount as is_refunded_beyond_total,
    extra.x_columns
from orders
left join episodes on orders.golden_customer_id = episodes.golden_customer_id and orders.order_id = episodes.order_id
left join refunds on orders.golden_customer_id = refunds.golden_customer_id and orders.order_id = refunds.order_id
left join {{ x_columns('fct_orders') }} as extra on orders.order_id = extra.entity_id
