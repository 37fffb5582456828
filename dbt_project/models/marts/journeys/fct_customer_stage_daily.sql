{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['stage_key', 'valid_from']}],
) }}

-- What changes a customer's position, by local day: the last entry of the day, an activity that runs out, and a paid order that
-- is waited for. Positions are made from these days only, so that a range is one row however long it lasts.
with wait_stage as (
    select stage_key
    from {{ ref('stages') }}
    where taxonomy_version = '{{ taxonomy_version() }}' and is_wait
    order by stage_order, stage_key
    limit 1
),

entries as (
    select distinct on (golden_customer_id, entered_date)
        golden_customer_id,
        entered_date,
        stage_key
    from {{ ref('fct_stage_entries') }}
    order by golden_customer_id, entered_date, entered_at desc, episode_no desc, seq_no desc
),

-- an entry keeps its customer active until so many days after its last touchpoint
activity as (
    select
        golden_customer_id,
        entered_date,
        max({{ local_date('last_touchpoint_at') }}) + {{ var('drop_off_days') }} as active_until
    from {{ ref('fct_stage_entries') }}
    group by 1, 2
),

waits as (
    select
        golden_customer_id,
        {{ local_date('coalesce(paid_at, ordered_at)') }} as wait_from,
        least(
            {{ local_date('delivered_at') }},
            {{ local_date('fully_refunded_at') }},
            {{ local_date('coalesce(paid_at, ordered_at)') }} + {{ var('order_lost_days') }}
        ) as wait_until
    from {{ ref('fct_orders') }}
    where is_counted
),

changes as (
    select
        golden_customer_id,
        entered_date as day,
        stage_key,
        null::date as active_until,
        0 as pins
    from entries
    union all
    select
        golden_customer_id,
        entered_date,
        null,
        active_until,
        0
    from activity
    union all
    select
        golden_customer_id,
        active_until,
        null,
        null,
        0
    from activity
    union all
    select
        golden_customer_id,
        wait_from,
        null,
        null,
        1
    from waits
    where wait_until > wait_from
    union all
    select
        golden_customer_id,
        wait_until,
        null,
        null,
        -1
    from waits
    where wait_until > wait_from
),

days as (
    select
        golden_customer_id,
        day,
        max(stage_key) as stage_key,
        max(active_until) as active_until,
        sum(pins) as pins
    from changes
    group by 1, 2
),

running as (
    select
        golden_customer_id,
        day,
        stage_key,
        count(stage_key) over so_far as entries_so_far,
        max(active_until) over so_far as active_until,
        sum(pins) over so_far as pinned
    from days
    window so_far as (partition by golden_customer_id order by day)
),

positions as (
    select
        golden_customer_id,
        day,
        case
            when pinned > 0 and exists (select 1 from wait_stage) then (select wait_stage.stage_key from wait_stage)
            when active_until > day
                then max(stage_key) over (partition by golden_customer_id, entries_so_far)
        end as stage_key,
        pinned > 0 as is_pinned
    from running
),

changed as (
    select
        golden_customer_id,
        day,
        stage_key,
        is_pinned,
        coalesce(lag(coalesce(stage_key, '')) over by_day, '') <> coalesce(stage_key, '')
        or coalesce(lag(is_pinned) over by_day, false) <> is_pinned as is_new
    from positions
    window by_day as (partition by golden_customer_id order by day)
),

ranges as (
    select
        golden_customer_id,
        day as valid_from,
        lead(day) over (partition by golden_customer_id order by day) as valid_to,
        stage_key,
        is_pinned
    from changed
    where is_new
)

select
    golden_customer_id,
    valid_from,
    valid_to,
    '{{ taxonomy_version() }}'::text as taxonomy_version,
    stage_key,
    is_pinned
from ranges
where stage_key is not null
