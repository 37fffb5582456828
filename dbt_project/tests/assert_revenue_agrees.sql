-- One figure, four places: orders, journeys, customers; and refunds on orders equal the refunds themselves.
with figures as (
    select
        (select coalesce(sum(total_reporting_amount) filter (where is_counted), 0) from {{ ref('fct_orders') }}) as on_orders,
        (select coalesce(sum(order_reporting_amount), 0) from {{ ref('fct_journeys') }}) as on_journeys,
        (select coalesce(sum(order_reporting_amount), 0) from {{ ref('dim_customers') }}) as on_customers,
        (select coalesce(sum(refunded_amount), 0) from {{ ref('fct_orders') }}) as refunded_on_orders,
        (select coalesce(sum(refund_amount) filter (where order_id is not null), 0) from {{ ref('fct_refunds') }}) as refunded
)

select *
from figures
where on_orders <> on_journeys or on_orders <> on_customers or refunded_on_orders <> refunded
