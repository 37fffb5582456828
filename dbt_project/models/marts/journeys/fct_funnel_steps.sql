{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['scope', 'step_no', 'entered_at']}],
) }}

-- Any-gap ordered funnel (docs: frozen definitions): t1 is the first step-1 event; every further step is the earliest event of
-- that step at or after the step before, within the window from t1, on another touchpoint.
with recursive events as materialized (
    select
        touchpoints.golden_customer_id,
        steps.scope,
        steps.step_no,
        touchpoints.occurred_at,
        touchpoints.source_priority,
        touchpoints.touchpoint_id
    from {{ ref('fct_touchpoints') }} as touchpoints
    inner join {{ ref('funnel_steps') }} as steps on touchpoints.stage_key = steps.stage_key
),

-- one row per step and customer: the step's events in order, so that a step is found without reading the stream again
streams as materialized (
    select
        golden_customer_id,
        scope,
        step_no,
        array_agg(occurred_at order by occurred_at, source_priority, touchpoint_id) as occurred_at,
        array_agg(touchpoint_id order by occurred_at, source_priority, touchpoint_id) as touchpoint_id
    from events
    group by 1, 2, 3
),

reached as (
    select
        golden_customer_id,
        scope,
        step_no,
        occurred_at[1] as entered_at,
        occurred_at[1] as reached_at,
        null::timestamptz as previous_reached_at,
        touchpoint_id[1] as touchpoint_id
    from streams
    where step_no = 1
    union all
    select
        reached.golden_customer_id,
        reached.scope,
        streams.step_no,
        reached.entered_at,
        found.occurred_at,
        reached.reached_at,
        found.touchpoint_id
    from reached
    inner join streams
        on
            reached.golden_customer_id = streams.golden_customer_id
            and reached.scope = streams.scope
            and reached.step_no + 1 = streams.step_no
    cross join lateral (
        select
            event.occurred_at,
            event.touchpoint_id
        from unnest(streams.occurred_at, streams.touchpoint_id) with ordinality as event (occurred_at, touchpoint_id, position)
        where
            event.occurred_at >= reached.reached_at
            and event.occurred_at <= reached.entered_at + interval '{{ var("funnel_window_days") }} days'
            and event.touchpoint_id <> reached.touchpoint_id
        order by event.position
        limit 1
    ) as found
)

select
    golden_customer_id,
    scope,
    step_no,
    entered_at,
    reached_at,
    round(extract(epoch from reached_at - previous_reached_at) / 3600.0, 4)::numeric(14, 4) as hours_from_previous_step,
    touchpoint_id
from reached
