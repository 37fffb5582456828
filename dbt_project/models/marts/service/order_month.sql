{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['month_start', 'sales_channel']}],
) }}

{% set contribution %}
select
    date_trunc('month', orders.ordered_date)::date as month_start,
    orders.sales_channel,
    coalesce(orders.persona_code, 'unknown') as persona_code,
    coalesce(
        orders.compensation_type,
        case when orders.has_delivery_problem or orders.where_is_my_order_count > 0 then '(trouble only)' else '(none)' end
    ) as compensation,
    count(*) as orders,
    count(*) filter (where orders.customer_order_no = 1) as first_orders,
    sum(orders.total_reporting_amount) as revenue_amount,
    sum(orders.refunded_reporting_amount) as refunded_amount,
    coalesce(sum(orders.news_count), 0) as news,
    count(orders.silent_days) as orders_with_news,
    coalesce(sum(orders.silent_days), 0) as silent_days,
    count(*) filter (where orders.has_delivery_problem) as delivery_problems,
    sum(orders.where_is_my_order_count) as where_is_my_order,
    sum(orders.where_is_my_order_tickets) as where_is_my_order_tickets,
    count(orders.steps_from_intent) as intents_seen,
    coalesce(sum(orders.steps_from_intent), 0) as steps_from_intent,
    count(*) filter (where orders.days_to_next_order <= 90) as ordered_again,
    count(*) filter (where after.customer_contact_count > 0) as contacted,
    count(*) filter (where after.ticket_count > 0) as ticketed,
    count(*) filter (where after.has_negative_message) as negative,
    count(*) filter (where after.scored_message_count > 0) as scored,
    count(*) filter (where after.has_return_intent) as return_intents,
    count(*) filter (where after.brand_message_count > 0) as contacted_by_brand
from [[order_experience]] as orders
inner join [[post_purchase]] as after on orders.order_id = after.order_id
where orders.is_counted
group by 1, 2, 3, 4
{% endset %}

{%- set sums = [
    'orders', 'first_orders', 'revenue_amount', 'refunded_amount', 'news', 'orders_with_news', 'silent_days', 'delivery_problems',
    'where_is_my_order', 'where_is_my_order_tickets', 'intents_seen', 'steps_from_intent', 'ordered_again', 'contacted', 'ticketed', 'negative', 'scored', 'return_intents',
    'contacted_by_brand',
] %}

select
    cells.month_start,
    cells.sales_channel,
    cells.persona_code,
    cells.compensation,
    coalesce(places.sales_channel_name, cells.sales_channel) as sales_channel_name,
    coalesce(places.is_social, false) as is_social_shop,
    {%- for name in sums %}
    cells.{{ name }}::{{ 'numeric(18, 2)' if name.endswith('_amount') else 'bigint' }} as {{ name }},
    {%- endfor %}
    -- what is asked about the days after an order holds when the month's last orders have had them
    (cells.month_start + interval '1 month')::date + {{ var('post_purchase_days') }} <= {{ local_date(data_end()) }} as is_post_purchase_closed,
    (cells.month_start + interval '1 month')::date + 90 <= {{ local_date(data_end()) }} as is_repeat_closed
from {{ additive(
    keys=['month_start', 'sales_channel', 'persona_code', 'compensation'],
    sums=sums,
    facts=['order_experience', 'post_purchase'],
    contribution=contribution,
) }} as cells
left join {{ ref('dim_sales_channels') }} as places on cells.sales_channel = places.sales_channel
