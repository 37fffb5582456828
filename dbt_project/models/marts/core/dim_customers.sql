{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['is_identified', 'first_seen_date']}, {'columns': ['current_stage_key']}, {'columns': ['country_code']}],
) }}

with customers as (
    select
        records.golden_customer_id,
        count(*)::integer as record_count,
        count(distinct source.source_platform)::integer as platform_count
    from {{ affected() }} as records
    inner join {{ ref('int_person_records') }} as source on records.source_record_key = source.source_record_key
    where not records.is_internal
    group by 1
),

touchpoints as (
    select
        golden_customer_id,
        min(occurred_at) as first_touchpoint_at,
        max(occurred_at) as last_touchpoint_at,
        count(*)::integer as touchpoint_count,
        bool_or(is_bot) as has_bot_touchpoint,
        bool_or(is_suspected_bot) as is_suspected_bot,
        (array_agg(channel order by touchpoint_no) filter (where channel is not null))[1] as first_channel
    from {{ ref('fct_touchpoints') }}
    group by 1
),

journeys as (
    select
        golden_customer_id,
        count(*)::integer as episode_count,
        (array_agg(current_stage_key order by episode_no desc))[1] as current_stage_key,
        (array_agg(outcome order by episode_no desc))[1] as current_outcome
    from {{ ref('fct_journeys') }}
    group by 1
),

orders as (
    select
        golden_customer_id,
        count(*) filter (where is_counted)::integer as order_count,
        min(ordered_at) filter (where is_counted) as first_order_at,
        max(ordered_at) filter (where is_counted) as last_order_at,
        sum(total_reporting_amount) filter (where is_counted) as order_reporting_amount,
        sum(refunded_reporting_amount) filter (where is_counted) as refunded_reporting_amount
    from {{ ref('fct_orders') }}
    group by 1
),

tickets as (
    select
        golden_customer_id,
        count(*)::integer as ticket_count
    from {{ ref('fct_tickets') }}
    group by 1
),

extras as (
    select
        records.golden_customer_id,
        jsonb_object_agg(pair.key, pair.value order by source.last_seen_at nulls first, records.source_record_key) as x_columns
    from {{ affected() }} as records
    inner join {{ ref('int_person_records') }} as source on records.source_record_key = source.source_record_key
    inner join {{ x_columns('dim_customers') }} as extra on records.source_record_key = extra.entity_id::uuid
    cross join lateral jsonb_each(extra.x_columns) as pair
    group by 1
)

select
    customers.golden_customer_id,
    coalesce(golden.is_identified, false) as is_identified,
    registry.created_date as golden_customer_created_date,
    golden.country_code,
    golden.city,
    golden.household_id,
    golden.email is not null as has_email,
    golden.phone is not null as has_phone,
    golden.email_consent,
    golden.sms_consent,
    customers.record_count,
    customers.platform_count,
    {{ local_date('coalesce(touchpoints.first_touchpoint_at, golden.first_seen_at)') }} as first_seen_date,
    touchpoints.first_touchpoint_at,
    touchpoints.last_touchpoint_at,
    coalesce(touchpoints.touchpoint_count, 0) as touchpoint_count,
    coalesce(touchpoints.has_bot_touchpoint, false) as has_bot_touchpoint,
    coalesce(touchpoints.is_suspected_bot, false) as is_suspected_bot,
    touchpoints.first_channel,
    coalesce(journeys.episode_count, 0) as episode_count,
    journeys.current_stage_key,
    journeys.current_outcome,
    coalesce(orders.order_count, 0) as order_count,
    orders.first_order_at,
    orders.last_order_at,
    coalesce(orders.order_reporting_amount, 0)::numeric(18, 2) as order_reporting_amount,
    coalesce(orders.refunded_reporting_amount, 0)::numeric(18, 2) as refunded_reporting_amount,
    coalesce(tickets.ticket_count, 0) as ticket_count,
    case
        when coalesce(orders.order_count, 0) = 0 and journeys.current_outcome = 'dropped_off' then 'lost_prospect'
        when coalesce(orders.order_count, 0) = 0 then 'prospect'
        when journeys.current_outcome = 'dropped_off' then 'lapsed_customer'
        when orders.order_count = 1 then 'new_customer'
        else 'repeat_customer'
    end as lifecycle_stage,
    extras.x_columns
from customers
left join {{ source('identity', 'golden_customers') }} as registry on customers.golden_customer_id = registry.golden_customer_id
left join {{ source('identity', 'golden_records') }} as golden on customers.golden_customer_id = golden.golden_customer_id
left join touchpoints on customers.golden_customer_id = touchpoints.golden_customer_id
left join journeys on customers.golden_customer_id = journeys.golden_customer_id
left join orders on customers.golden_customer_id = orders.golden_customer_id
left join tickets on customers.golden_customer_id = tickets.golden_customer_id
left join extras on customers.golden_customer_id = extras.golden_customer_id
