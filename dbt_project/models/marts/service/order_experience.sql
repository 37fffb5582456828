{{ config(
    meta={'publish': 'customer'},
    indexes=[
        {'columns': ['golden_customer_id']},
        {'columns': ['ordered_date', 'sales_channel']},
        {'columns': ['compensation_type', 'ordered_date']},
    ],
) }}

{%- set intent_types = "'" ~ var('order_intent_types') | join("', '") ~ "'" %}

with orders as (
    select
        placed.*,
        lag(ordered_at) over in_order as previous_order_at,
        -- the next real purchase: what replaces an order for nothing is none
        min(ordered_at) filter (where is_counted and total_amount > 0) over (
            partition by golden_customer_id order by ordered_at, order_id rows between 1 following and unbounded following
        ) as next_order_at
    from {{ ref('fct_orders') }} as placed
    window in_order as (partition by golden_customer_id order by ordered_at, order_id)
),

-- from the first sign of wanting to buy, after the order before and at most thirty days back, to the order
wanting as (
    select
        orders.order_id,
        min(touchpoints.occurred_at) filter (where touchpoints.touchpoint_type in ({{ intent_types }}) or touchpoints.intent = 'product_question') as intent_at
    from orders
    inner join {{ ref('fct_touchpoints') }} as touchpoints on orders.golden_customer_id = touchpoints.golden_customer_id
    where
        touchpoints.direction = 'inbound'
        and not touchpoints.is_bot
        and touchpoints.occurred_at < orders.ordered_at
        and touchpoints.occurred_at >= orders.ordered_at - interval '30 days'
        and touchpoints.occurred_at > coalesce(orders.previous_order_at, '-infinity')
    group by 1
),

steps as (
    select
        orders.order_id,
        count(*)::integer as steps_from_intent,
        count(distinct touchpoints.channel)::integer as channels_from_intent
    from orders
    inner join wanting on orders.order_id = wanting.order_id
    inner join {{ ref('fct_touchpoints') }} as touchpoints on orders.golden_customer_id = touchpoints.golden_customer_id
    where
        touchpoints.direction = 'inbound'
        and not touchpoints.is_bot
        and touchpoints.occurred_at >= wanting.intent_at
        and touchpoints.occurred_at < orders.ordered_at
        and touchpoints.touchpoint_type not in (select touchpoint_type from {{ ref('touchpoint_types') }} where is_order_evidence)
    group by 1
),

milestones as (
    select
        order_id,
        min(occurred_at) filter (where milestone = 'packed') as packed_at,
        min(occurred_at) filter (where milestone = 'shipped') as shipped_at,
        min(occurred_at) filter (where milestone = 'delivered' and not is_estimate) as delivered_at,
        bool_or(is_lag_negative) as has_negative_lag
    from {{ ref('fct_order_milestones') }}
    group by 1
),

-- what the buyer heard between order and delivery, and the silences between
news as (
    select
        orders.order_id,
        touchpoints.occurred_at,
        touchpoints.touchpoint_type = 'shipment_problem' as is_problem
    from orders
    inner join {{ ref('fct_touchpoints') }} as touchpoints on orders.order_id = touchpoints.order_id
    where
        orders.golden_customer_id = touchpoints.golden_customer_id
        and touchpoints.touchpoint_type in ('shipment_update', 'shipment_problem', 'shipment_out_for_delivery', 'shipment_delivered')
        and touchpoints.occurred_at > orders.ordered_at
),

marks as (
    select
        news.order_id,
        news.occurred_at,
        news.is_problem,
        true as is_news
    from news
    union all
    select
        orders.order_id,
        orders.ordered_at,
        false,
        false
    from orders
),

gaps as (
    select
        order_id,
        is_problem,
        is_news,
        extract(epoch from occurred_at - lag(occurred_at) over (partition by order_id order by occurred_at)) as seconds
    from marks
),

silences as (
    select
        order_id,
        (count(*) filter (where is_news))::integer as news_count,
        bool_or(is_problem) as has_delivery_problem,
        max(seconds) as longest_silence,
        coalesce(sum(floor(seconds / 86400.0)), 0)::integer as silent_days
    from gaps
    group by 1
),

-- "where is my order": by the order it names, else by the latest order that is not long delivered
asked as (
    select distinct on (touchpoints.touchpoint_id)
        touchpoints.touchpoint_id,
        touchpoints.touchpoint_type,
        orders.order_id
    from {{ ref('fct_touchpoints') }} as touchpoints
    inner join orders on touchpoints.golden_customer_id = orders.golden_customer_id
    left join milestones on orders.order_id = milestones.order_id
    where
        touchpoints.intent = 'order_question'
        and touchpoints.direction = 'inbound'
        and touchpoints.occurred_at >= orders.ordered_at
        and (
            touchpoints.order_id = orders.order_id
            or touchpoints.occurred_at <= coalesce(milestones.delivered_at, orders.ordered_at + interval '{{ var("order_lost_days") }} days') + interval '7 days'
        )
    order by touchpoints.touchpoint_id, coalesce(touchpoints.order_id = orders.order_id, false) desc, orders.ordered_at desc, orders.order_id
),

questions as (
    select
        order_id,
        count(*)::integer as where_is_my_order_count,
        (count(*) filter (where touchpoint_type = 'ticket_opened'))::integer as where_is_my_order_tickets
    from asked
    group by 1
),

-- what made up for it: money, the same product again for nothing, or a code for a later order
compensations as (
    select
        refunds.order_id,
        refunds.compensation_type,
        min(refunds.refunded_at) as compensated_at
    from {{ ref('fct_refunds') }} as refunds
    where refunds.order_id is not null and refunds.refund_amount > 0
    group by 1, 2
    union all
    select
        orders.order_id,
        'replacement',
        min(later.ordered_at)
    from orders
    inner join {{ ref('fct_order_lines') }} as lines on orders.order_id = lines.order_id
    inner join {{ ref('fct_order_lines') }} as later
        on lines.golden_customer_id = later.golden_customer_id and lines.product_sku = later.product_sku
    inner join {{ ref('fct_orders') }} as free on later.order_id = free.order_id
    where
        orders.total_amount > 0
        and free.total_amount = 0
        and not free.is_test
        and later.ordered_at > orders.ordered_at
        and later.ordered_at <= orders.ordered_at + interval '{{ var("replacement_days") }} days'
    group by 1
    union all
    select
        numbered.previous_order_id,
        'discount',
        numbered.ordered_at
    from (
        select
            ordered_at,
            discount_code,
            lag(order_id) over (partition by golden_customer_id order by ordered_at, order_id) as previous_order_id
        from orders
    ) as numbered
    where
        numbered.previous_order_id is not null
        and exists (select 1 from {{ ref('compensation_codes') }} as codes where upper(numbered.discount_code) ~ codes.code_pattern)
),

first_compensations as (
    select distinct on (order_id)
        order_id,
        compensation_type,
        compensated_at,
        count(*) over (partition by order_id)::integer as compensation_count
    from compensations
    order by order_id, compensated_at, compensation_type
)

select
    orders.order_id,
    orders.golden_customer_id,
    orders.sales_channel,
    orders.ordered_at,
    orders.ordered_date,
    orders.is_counted,
    orders.customer_order_no,
    orders.episode_no,
    personas.persona_code,
    orders.total_reporting_amount,
    orders.refunded_reporting_amount,
    wanting.intent_at,
    steps.steps_from_intent,
    steps.channels_from_intent,
    round(extract(epoch from orders.ordered_at - wanting.intent_at) / 60.0, 1)::numeric(12, 1) as minutes_from_intent,
    milestones.packed_at,
    milestones.shipped_at,
    milestones.delivered_at,
    round(extract(epoch from milestones.shipped_at - orders.ordered_at) / 3600.0, 2)::numeric(12, 2) as hours_to_ship,
    round(extract(epoch from milestones.delivered_at - orders.ordered_at) / 3600.0, 2)::numeric(12, 2) as hours_to_deliver,
    milestones.has_negative_lag,
    silences.news_count,
    case when silences.news_count > 0 then round(silences.longest_silence / 3600.0, 2) end::numeric(12, 2) as longest_silence_hours,
    case when silences.news_count > 0 then silences.silent_days end as silent_days,
    silences.has_delivery_problem,
    coalesce(questions.where_is_my_order_count, 0) as where_is_my_order_count,
    coalesce(questions.where_is_my_order_tickets, 0) as where_is_my_order_tickets,
    first_compensations.compensation_type,
    first_compensations.compensated_at,
    coalesce(first_compensations.compensation_count, 0) as compensation_count,
    orders.next_order_at,
    round(extract(epoch from orders.next_order_at - orders.ordered_at) / 86400.0, 2)::numeric(12, 2) as days_to_next_order
from orders
left join {{ ref('customer_persona') }} as personas on orders.golden_customer_id = personas.golden_customer_id
left join wanting on orders.order_id = wanting.order_id
left join steps on orders.order_id = steps.order_id
left join milestones on orders.order_id = milestones.order_id
left join silences on orders.order_id = silences.order_id
left join questions on orders.order_id = questions.order_id
left join first_compensations on orders.order_id = first_compensations.order_id
