{{ config(
    meta={'publish': 'customer'},
    indexes=[
        {'columns': ['golden_customer_id', 'converted_at']},
        {'columns': ['conversion_type', 'converted_date']},
        {'columns': ['order_id']},
    ],
    post_hook='analyze {{ this }}',
) }}

with rules as (
    select * from {{ ref('conversion_rules') }}
),

-- what touchpoints say; several tools may report one act, so a stream of equal acts counts once per gap
events as (
    select
        touchpoints.golden_customer_id,
        touchpoints.touchpoint_id,
        touchpoints.occurred_at,
        touchpoints.source_priority,
        touchpoints.source_platform,
        touchpoints.channel,
        touchpoints.campaign,
        touchpoints.order_id,
        touchpoints.episode_no,
        rules.conversion_type,
        rules.gap_days,
        rules.is_undo,
        concat_ws('|', rules.stream, case when rules.per_channel then touchpoints.channel end) as stream
    from {{ ref('fct_touchpoints') }} as touchpoints
    inner join rules
        on
            touchpoints.touchpoint_type = rules.touchpoint_type
            and (rules.when_stage is null or touchpoints.stage_key = rules.when_stage)
    where not touchpoints.is_bot
),

runs as (
    select
        events.*,
        count(*) filter (where is_undo) over in_order as run_no
    from events
    window
        in_order as (
            partition by golden_customer_id, conversion_type, stream order by occurred_at, source_priority, touchpoint_id
            rows between unbounded preceding and current row
        )
),

acts as (
    select
        runs.*,
        occurred_at - lag(occurred_at) over in_run as since_previous
    from runs
    where not is_undo
    window
        in_run as (
            partition by golden_customer_id, conversion_type, stream, run_no order by occurred_at, source_priority, touchpoint_id
        )
),

conversions as (
    select
        md5('touchpoint|' || conversion_type || '|' || touchpoint_id::text)::uuid as conversion_id,
        golden_customer_id,
        conversion_type,
        occurred_at as converted_at,
        source_platform,
        channel as conversion_channel,
        campaign,
        order_id,
        touchpoint_id,
        episode_no,
        null::numeric(18, 2) as gross_amount,
        null::numeric(18, 2) as value_amount
    from acts
    where since_previous is null or since_previous > make_interval(days => gap_days)
    union all
    select
        md5('order|' || order_id)::uuid,
        golden_customer_id,
        case when customer_order_no = 1 then 'first_order' else 'repeat_order' end,
        ordered_at,
        source_platform,
        sales_channel,
        null::text,
        order_id,
        null::uuid,
        episode_no,
        total_reporting_amount,
        (total_reporting_amount - coalesce(refunded_reporting_amount, 0))::numeric(18, 2)
    from {{ ref('fct_orders') }}
    where is_counted
),

first_orders as (
    select
        golden_customer_id,
        min(ordered_at) as first_ordered_at
    from {{ ref('fct_orders') }}
    where is_counted
    group by 1
)

select
    conversions.conversion_id,
    conversions.golden_customer_id,
    conversions.conversion_type,
    conversions.converted_at,
    {{ local_date('conversions.converted_at') }} as converted_date,
    (row_number() over in_type)::integer as conversion_no,
    lag(conversions.converted_at) over in_type as previous_converted_at,
    coalesce(first_orders.first_ordered_at < conversions.converted_at, false) as is_existing_customer,
    conversions.source_platform,
    conversions.conversion_channel,
    conversions.campaign,
    conversions.order_id,
    conversions.touchpoint_id,
    conversions.episode_no,
    conversions.gross_amount,
    conversions.value_amount,
    '{{ var("reporting_currency") }}'::text as currency_code
from conversions
left join first_orders on conversions.golden_customer_id = first_orders.golden_customer_id
window
    in_type as (
        partition by conversions.golden_customer_id, conversions.conversion_type
        order by conversions.converted_at, conversions.order_id, conversions.touchpoint_id
    )
