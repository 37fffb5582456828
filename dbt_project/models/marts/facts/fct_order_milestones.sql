{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['golden_customer_id', 'order_id']}, {'columns': ['milestone', 'occurred_date']}],
    post_hook='analyze {{ this }}',
) }}

with milestones as (
    select distinct
        milestone,
        milestone_no,
        milestone_name
    from {{ ref('order_milestones') }}
),

-- what was seen of a customer's own orders; of several parcels the first one counts, as in fct_orders.delivered_at
seen as (
    select
        orders.order_id,
        orders.golden_customer_id,
        orders.ordered_at,
        orders.source_platform,
        orders.sales_channel,
        orders.cancelled_at,
        milestones.milestone,
        milestones.evidence,
        min(touchpoints.occurred_at) as occurred_at,
        count(*)::integer as event_count
    from {{ ref('fct_touchpoints') }} as touchpoints
    inner join {{ ref('order_milestones') }} as milestones on touchpoints.touchpoint_type = milestones.touchpoint_type
    inner join {{ ref('fct_orders') }} as orders on touchpoints.order_id = orders.order_id
    where
        touchpoints.golden_customer_id = orders.golden_customer_id
        -- who reviews an order before it was placed speaks of another one
        and (milestones.evidence <> 'message' or touchpoints.occurred_at >= orders.ordered_at)
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

proved as (
    select
        order_id,
        golden_customer_id,
        ordered_at,
        source_platform,
        sales_channel,
        'placed'::text as milestone,
        'order_record'::text as evidence,
        ordered_at as occurred_at,
        1 as event_count,
        1 as evidence_rank
    from {{ ref('fct_orders') }}
    union all
    select
        order_id,
        golden_customer_id,
        ordered_at,
        source_platform,
        sales_channel,
        'paid',
        'order_record',
        paid_at,
        1,
        1
    from {{ ref('fct_orders') }}
    where is_paid and paid_at is not null
    union all
    select
        order_id,
        golden_customer_id,
        ordered_at,
        source_platform,
        sales_channel,
        milestone,
        evidence,
        occurred_at,
        event_count,
        case when evidence = 'message' then 2 else 1 end
    from seen
    union all
    -- goods that came back: a refund that the platform calls a return
    select
        orders.order_id,
        orders.golden_customer_id,
        orders.ordered_at,
        orders.source_platform,
        orders.sales_channel,
        'returned',
        'order_record',
        min(refunds.refunded_at),
        count(*)::integer,
        2
    from {{ ref('fct_refunds') }} as refunds
    inner join {{ ref('fct_orders') }} as orders on refunds.order_id = orders.order_id
    where refunds.compensation_type = 'return'
    group by 1, 2, 3, 4, 5
    union all
    -- nobody says when it arrived: dispatch and the usual way
    select
        order_id,
        golden_customer_id,
        ordered_at,
        source_platform,
        sales_channel,
        'delivered',
        'estimate',
        occurred_at + interval '{{ var("delivery_estimate_days") }} days',
        0,
        3
    from seen
    where milestone = 'shipped' and cancelled_at is null
),

best as (
    select distinct on (order_id, milestone) *
    from proved
    order by order_id, milestone, evidence_rank, occurred_at, evidence
)

select
    best.order_id,
    best.milestone,
    milestones.milestone_no,
    milestones.milestone_name,
    best.golden_customer_id,
    best.source_platform,
    best.sales_channel,
    best.occurred_at,
    {{ local_date('best.occurred_at') }} as occurred_date,
    best.evidence,
    best.evidence = 'estimate' as is_estimate,
    best.event_count,
    lag(best.milestone) over in_order as previous_milestone,
    round(extract(epoch from best.occurred_at - best.ordered_at) / 3600.0, 2)::numeric(12, 2) as hours_since_placed,
    round(extract(epoch from best.occurred_at - lag(best.occurred_at) over in_order) / 3600.0, 2)::numeric(12, 2) as hours_since_previous,
    coalesce(best.occurred_at < lag(best.occurred_at) over in_order, false) or best.occurred_at < best.ordered_at as is_lag_negative
from best
inner join milestones on best.milestone = milestones.milestone
window in_order as (partition by best.order_id order by milestones.milestone_no)
