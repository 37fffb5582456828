{{ config(materialized='view', meta={'publish': 'view'}) }}

select
    orders.order_id,
    orders.golden_customer_id,
    orders.source_platform,
    orders.sales_channel,
    coalesce(places.sales_channel_name, orders.sales_channel) as sales_channel_name,
    coalesce(places.is_social, false) as is_social_shop,
    places.is_owned as is_own_place,
    orders.ordered_at,
    orders.ordered_date,
    orders.is_counted,
    orders.customer_order_no,
    orders.customer_order_no = 1 as is_first_order,
    orders.unit_count,
    orders.currency_code,
    orders.total_amount,
    orders.refunded_amount,
    orders.reporting_currency_code,
    orders.total_reporting_amount,
    orders.refunded_reporting_amount
from {{ ref('fct_orders') }} as orders
left join {{ ref('dim_sales_channels') }} as places on orders.sales_channel = places.sales_channel
