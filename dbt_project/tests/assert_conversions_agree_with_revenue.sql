-- Orders that count are conversions, one each, and worth what fct_orders says net of refunds.
select
    orders.order_id,
    conversions.conversion_id
from (select * from {{ ref('fct_orders') }} where is_counted) as orders
full outer join (select * from {{ ref('fct_conversions') }} where conversion_type in ('first_order', 'repeat_order')) as conversions
    on orders.order_id = conversions.order_id
where
    orders.order_id is null or conversions.order_id is null
    or orders.total_reporting_amount - orders.refunded_reporting_amount is distinct from conversions.value_amount
