{{ config(
    meta={'publish': 'customer'},
    indexes=[
        {'columns': ['next_clock_date']},
        {'columns': ['outcome', 'started_date']},
        {'columns': ['current_stage_key']},
    ],
) }}

with macro_order as (
    select
        min(macro_order) as first_macro,
        min(macro_order) filter (where is_order) as order_macro
    from {{ ref('stages') }}
    where taxonomy_version = '{{ taxonomy_version() }}'
),

-- consideration: between the first macro stage and the one of the order; where there is none between, all before the order
stages as (
    select
        stages.*,
        stages.macro_order < macro_order.order_macro
        and (stages.macro_order > macro_order.first_macro or not exists (
            select 1
            from {{ ref('stages') }} as between_stages
            where
                between_stages.taxonomy_version = '{{ taxonomy_version() }}'
                and between_stages.macro_order > macro_order.first_macro
                and between_stages.macro_order < macro_order.order_macro
        )) as is_consideration
    from {{ ref('stages') }} as stages
    cross join macro_order
    where stages.taxonomy_version = '{{ taxonomy_version() }}'
),

touchpoints as (
    select
        golden_customer_id,
        episode_no,
        min(occurred_at) as started_at,
        max(occurred_at) filter (where stage_key is not null) as last_staged_at,
        max(occurred_at) as last_touchpoint_at,
        count(*)::integer as touchpoint_count,
        count(distinct channel)::integer as channel_count
    from {{ ref('fct_touchpoints') }}
    group by 1, 2
),

staged_entries as (
    select
        entries.golden_customer_id,
        entries.episode_no,
        entries.seq_no,
        entries.stage_key,
        entries.entered_at,
        entries.touchpoint_count,
        entries.move,
        stages.path_rank,
        stages.is_order,
        stages.is_reorder,
        stages.is_wait,
        stages.is_receipt,
        stages.is_refund,
        stages.is_issue,
        stages.is_feedback,
        stages.is_recommendation,
        stages.is_consideration,
        entries.seq_no < min(entries.seq_no) filter (where stages.is_order) over (
            partition by entries.golden_customer_id, entries.episode_no
        ) as is_before_order
    from {{ ref('fct_stage_entries') }} as entries
    inner join stages on entries.stage_key = stages.stage_key
),

entries as (
    select
        entries.golden_customer_id,
        entries.episode_no,
        count(*)::integer as entry_count,
        count(*) filter (where entries.move = 'loop')::integer as loop_count,
        count(*) filter (where entries.move = 'back')::integer as back_count,
        count(*) filter (where entries.move = 'skip')::integer as skip_count,
        (array_agg(entries.stage_key order by entries.seq_no))[1] as entry_stage_key,
        (array_agg(entries.stage_key order by entries.seq_no desc))[1] as last_stage_key,
        (array_agg(entries.stage_key order by entries.path_rank desc nulls last, entries.seq_no))[1] as furthest_stage_key,
        min(entries.entered_at) filter (where entries.is_order) as first_order_at,
        min(entries.entered_at) filter (where entries.is_wait) as first_wait_at,
        min(entries.entered_at) filter (where entries.is_receipt) as first_receipt_at,
        min(entries.entered_at) filter (where entries.is_refund) as first_refund_at,
        min(entries.entered_at) filter (where entries.is_issue) as first_issue_at,
        min(entries.entered_at) filter (where entries.is_feedback) as first_feedback_at,
        min(entries.entered_at) filter (where entries.is_recommendation) as first_recommendation_at,
        -- what came before the first order; null without an order
        (array_agg(entries.is_reorder order by entries.seq_no) filter (where entries.is_order))[1] as order_is_reorder,
        coalesce(sum(entries.touchpoint_count) filter (where entries.is_before_order), 0)::integer as touches_before_order,
        coalesce(sum(entries.touchpoint_count) filter (where entries.is_before_order and entries.is_consideration), 0)::integer
            as consideration_touches,
        count(*) filter (
            where entries.is_before_order and entries.is_consideration and entries.move in ('forward', 'skip')
        )::integer as deeper_moves,
        count(*) filter (
            where entries.is_before_order and entries.is_consideration and entries.move in ('forward', 'skip', 'back', 'loop')
        )::integer as consideration_moves
    from staged_entries as entries
    group by 1, 2
),

first_entries as (
    select
        golden_customer_id,
        episode_no,
        jsonb_object_agg(stage_key, to_char(entered_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') order by stage_key) as stage_first_entered_at
    from (
        select
            golden_customer_id,
            episode_no,
            stage_key,
            min(entered_at) as entered_at
        from {{ ref('fct_stage_entries') }}
        group by 1, 2, 3
    ) as per_stage
    group by 1, 2
),

orders as (
    select
        golden_customer_id,
        episode_no,
        count(*) filter (where is_counted)::integer as order_count,
        count(*) filter (where is_counted and fully_refunded_at is null)::integer as kept_order_count,
        coalesce(sum(total_reporting_amount) filter (where is_counted), 0)::numeric(18, 2) as order_reporting_amount,
        coalesce(sum(refunded_reporting_amount) filter (where is_counted), 0)::numeric(18, 2) as refunded_reporting_amount,
        -- the last day on which an undelivered order may still be expected
        max({{ local_date('coalesce(paid_at, ordered_at)') }} + {{ var('order_lost_days') }}) filter (
            where is_counted and delivered_at is null and fully_refunded_at is null
        ) as expected_until_date
    from {{ ref('fct_orders') }}
    group by 1, 2
),

joined as (
    select
        touchpoints.*,
        entries.entry_count,
        entries.loop_count,
        entries.back_count,
        entries.skip_count,
        entries.entry_stage_key,
        entries.last_stage_key,
        entries.furthest_stage_key,
        entries.first_order_at,
        entries.first_wait_at,
        entries.first_receipt_at,
        entries.first_refund_at,
        entries.first_issue_at,
        entries.first_feedback_at,
        entries.first_recommendation_at,
        entries.order_is_reorder,
        entries.touches_before_order,
        entries.consideration_touches,
        entries.deeper_moves,
        entries.consideration_moves,
        coalesce(first_entries.stage_first_entered_at, '{}'::jsonb) as stage_first_entered_at,
        coalesce(orders.order_count, 0) as order_count,
        coalesce(orders.kept_order_count, 0) as kept_order_count,
        coalesce(orders.order_reporting_amount, 0)::numeric(18, 2) as order_reporting_amount,
        coalesce(orders.refunded_reporting_amount, 0)::numeric(18, 2) as refunded_reporting_amount,
        orders.expected_until_date,
        lead(touchpoints.started_at) over (
            partition by touchpoints.golden_customer_id order by touchpoints.episode_no
        ) as next_episode_started_at,
        -- the two clocks of an episode: an order that may still arrive, and silence without an order
        case when orders.expected_until_date > '{{ var("export_date") }}'::date then orders.expected_until_date end as order_clock_date,
        {{ local_date('coalesce(touchpoints.last_staged_at, touchpoints.last_touchpoint_at)') }} + {{ var('drop_off_days') }} as drop_off_date
    from touchpoints
    left join entries
        on touchpoints.golden_customer_id = entries.golden_customer_id and touchpoints.episode_no = entries.episode_no
    left join first_entries
        on touchpoints.golden_customer_id = first_entries.golden_customer_id and touchpoints.episode_no = first_entries.episode_no
    left join orders
        on touchpoints.golden_customer_id = orders.golden_customer_id and touchpoints.episode_no = orders.episode_no
),

decided as (
    select
        joined.*,
        case
            when order_count > 0 and kept_order_count = 0 then 'refunded'
            when order_count > 0 then 'converted'
            when next_episode_started_at is not null or drop_off_date <= '{{ var("export_date") }}'::date then 'dropped_off'
            else 'open'
        end as outcome
    from joined
)

select
    golden_customer_id,
    episode_no,
    '{{ taxonomy_version() }}'::text as taxonomy_version,
    episode_no = 1 as is_first_episode,
    next_episode_started_at is null as is_latest_episode,
    started_at,
    {{ local_date('started_at') }} as started_date,
    last_touchpoint_at,
    next_episode_started_at,
    touchpoint_count,
    channel_count,
    coalesce(entry_count, 0) as entry_count,
    coalesce(loop_count, 0) as loop_count,
    coalesce(back_count, 0) as back_count,
    coalesce(skip_count, 0) as skip_count,
    entry_stage_key,
    -- a paid order that may still arrive pins the customer to waiting, whatever they wrote since
    case
        when order_clock_date is not null
            then coalesce((select stages.stage_key from stages where stages.is_wait order by stages.stage_order limit 1), last_stage_key)
        else last_stage_key
    end as current_stage_key,
    last_stage_key,
    furthest_stage_key,
    first_order_at,
    first_wait_at,
    first_receipt_at,
    first_refund_at,
    first_issue_at,
    first_feedback_at,
    first_recommendation_at,
    stage_first_entered_at,
    order_count,
    order_reporting_amount,
    refunded_reporting_amount,
    round(extract(epoch from first_order_at - started_at) / 3600.0, 2)::numeric(14, 2) as hours_to_order,
    case when first_order_at is not null then not order_is_reorder end as is_first_order,
    case when first_order_at is not null then touches_before_order end as touches_before_order,
    case when first_order_at is not null then consideration_touches end as consideration_touches,
    case when first_order_at is not null then deeper_moves end as deeper_moves,
    case when first_order_at is not null then consideration_moves end as consideration_moves,
    outcome,
    least(order_clock_date, case when outcome = 'open' then drop_off_date end) as next_clock_date
from decided
