{{ config(meta={'publish': 'whole', 'person_level': true}, indexes=[{'columns': ['persona_code', 'feature_group']}]) }}

{% set contribution %}
with personas as (
    select
        golden_customer_id,
        persona_code
    from [[customer_persona]] as p
),

orders as (
    select
        golden_customer_id,
        count(*) as orders,
        sum(total_reporting_amount - refunded_reporting_amount) as amount
    from [[fct_orders]] as o
    where is_counted
    group by 1
),

-- one row per customer and feature: a customer counts once, amount says how much
features as (
    select golden_customer_id, 'size' as feature_group, 'customers' as feature, 1 as amount from personas
    union all
    select golden_customer_id, 'value', 'orders', orders from orders
    union all
    select golden_customer_id, 'value', 'net_amount', amount from orders
    union all
    select golden_customer_id, 'value', 'repeat_orders', orders - 1 from orders where orders > 1
    union all
    select golden_customer_id, 'order_channel', sales_channel, count(*) from [[fct_orders]] as o where is_counted group by 1, 3
    union all
    select golden_customer_id, 'product', product_sku, sum(quantity)
    from [[fct_order_lines]] as l
    where is_counted and product_sku is not null
    group by 1, 3
    union all
    select golden_customer_id, 'channel', channel, count(*)
    from [[fct_touchpoints]] as t
    where channel is not null and not is_bot and direction = 'inbound'
    group by 1, 3
    union all
    select golden_customer_id, 'action', touchpoint_type, count(*)
    from [[fct_touchpoints]] as t
    where not is_bot and direction = 'inbound'
    group by 1, 3
    union all
    select
        golden_customer_id,
        case when intent = 'complaint' then 'frustration' when intent in ('praise', 'recommendation') then 'driver' else 'question' end,
        topic,
        count(*)
    from [[fct_messages]] as m
    where topic is not null and not is_bot
    group by 1, 2, 3
)

select
    personas.persona_code,
    features.feature_group,
    features.feature,
    count(*) as customers,
    sum(features.amount) as amount
from personas
inner join features on personas.golden_customer_id = features.golden_customer_id
group by 1, 2, 3
{% endset %}

select
    persona_code,
    feature_group,
    feature,
    customers::bigint as customers,
    amount::numeric(24, 4) as amount
from {{ additive(
    keys=['persona_code', 'feature_group', 'feature'],
    sums=['customers', 'amount'],
    facts=['customer_persona', 'fct_orders', 'fct_order_lines', 'fct_touchpoints', 'fct_messages'],
    contribution=contribution,
) }} as cells
