-- One revenue, whoever tells of it: orders, their place, their experience, and the conversions that attribution divides; and every
-- counted order is once in each.
with figures as (
    select
        (select coalesce(sum(total_reporting_amount) filter (where is_counted), 0) from {{ ref('fct_orders') }}) as on_orders,
        (select coalesce(sum(total_reporting_amount) filter (where is_counted), 0) from {{ ref('order_sales_channel') }}) as by_place,
        (select coalesce(sum(total_reporting_amount) filter (where is_counted), 0) from {{ ref('order_experience') }}) as in_experience,
        (select coalesce(sum(gross_amount), 0) from {{ ref('fct_conversions') }} where conversion_type in ('first_order', 'repeat_order')) as converted,
        (select count(*) from {{ ref('fct_orders') }}) as orders,
        (select count(*) from {{ ref('order_experience') }}) as experienced,
        (select count(*) from {{ ref('fct_orders') }} where is_counted) as counted,
        (select count(*) from {{ ref('post_purchase') }}) as after_purchase,
        (select count(*) from {{ ref('fct_conversions') }} where conversion_type in ('first_order', 'repeat_order')) as conversions
)

select *
from figures
where
    on_orders <> by_place or on_orders <> in_experience or on_orders <> converted
    or orders <> experienced or counted <> after_purchase or counted <> conversions
