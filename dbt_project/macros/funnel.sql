{#-
  Funnels over any table of events (docs/definitions.md has the frozen definitions; the model fct_funnel_steps and the published
  example of dbt_product_analytics run this same SQL).

  events   relation or CTE: <units>, scope, held (text, '' = nothing is held constant), step_no (null = only an obstacle),
           occurred_at, source_priority, event_id, event_no (its number in the unit's stream), is_excluded
  options  scope, funnel_window (interval; null = none), optimised_reentry, is_strict, has_choice (re-entry or held value)
  steps    scope, step_no, step_window (interval from the step before; null = none)
  units    columns that together are one unit: the customer, or the customer and the episode
  gives    <units>, scope, step_no, entered_at, reached_at, previous_reached_at, event_id, events_before (since the first step):
           one row per step that was reached
-#}
{% macro funnel(events, options, steps, units) -%}
(
    -- One number per unit, scope and held value: with joins by several columns Postgres multiplies their selectivities, expects a
    -- row or two and loops over everything.
    with recursive numbered as (
        select
            e.*,
            dense_rank() over (order by {% for unit in units %}e.{{ unit }}, {% endfor %}e.scope) as unit_key,
            dense_rank() over (order by {% for unit in units %}e.{{ unit }}, {% endfor %}e.scope, e.held) * 100 as stream_key
        from {{ events }} as e
    ),

    -- one row per step and unit: the step's events in order, so that a step is found without reading the stream again
    streams as materialized (
        select
            {{ units | join(', ') }},
            scope,
            unit_key,
            stream_key + step_no as stream_key,
            step_no,
            array_agg(occurred_at order by occurred_at, source_priority, event_id) as occurred_at,
            array_agg(event_id order by occurred_at, source_priority, event_id) as event_id,
            array_agg(event_no order by occurred_at, source_priority, event_id) as event_no
        from numbered
        where step_no is not null and held is not null
        group by {{ units | join(', ') }}, scope, unit_key, stream_key, step_no
    ),

    obstacles as materialized (
        select
            n.unit_key,
            array_agg(n.occurred_at order by n.occurred_at, n.event_id) as occurred_at,
            array_agg(coalesce(n.step_no, 0) order by n.occurred_at, n.event_id) as step_no,
            array_agg(n.is_excluded order by n.occurred_at, n.event_id) as is_excluded
        from numbered as n
        inner join {{ options }} as o on n.scope = o.scope
        where o.is_strict or n.is_excluded
        group by n.unit_key
    ),

    reached as (
        select
            {% for unit in units %}s.{{ unit }}, {% endfor %}
            s.scope,
            s.unit_key,
            s.stream_key,
            attempt.attempt_no,
            1 as step_no,
            s.occurred_at[attempt.attempt_no] as entered_at,
            s.occurred_at[attempt.attempt_no] as reached_at,
            null::timestamptz as previous_reached_at,
            s.event_id[attempt.attempt_no] as event_id,
            s.event_id[attempt.attempt_no:attempt.attempt_no] as used,
            s.event_no[attempt.attempt_no] as entered_no,
            s.event_no[attempt.attempt_no] as event_no
        from streams as s
        inner join {{ options }} as o on s.scope = o.scope
        cross join
            lateral generate_series(1, case when o.optimised_reentry then cardinality(s.event_id) else 1 end) as attempt (attempt_no)
        where s.step_no = 1
        union all
        select
            {% for unit in units %}r.{{ unit }}, {% endfor %}
            r.scope,
            r.unit_key,
            s.stream_key,
            r.attempt_no,
            s.step_no,
            r.entered_at,
            found.occurred_at,
            r.reached_at,
            found.event_id,
            r.used || found.event_id,
            r.entered_no,
            s.event_no[found.position]
        from reached as r
        inner join streams as s on r.stream_key + 1 = s.stream_key
        inner join {{ options }} as o on r.scope = o.scope
        left join {{ steps }} as w on s.scope = w.scope and s.step_no = w.step_no
        left join obstacles as b on r.unit_key = b.unit_key
        cross join lateral (
            select
                event.occurred_at,
                event.event_id,
                event.position
            from unnest(s.occurred_at, s.event_id) with ordinality as event (occurred_at, event_id, position)
            where
                event.occurred_at >= r.reached_at
                and (o.funnel_window is null or event.occurred_at <= r.entered_at + o.funnel_window)
                and (w.step_window is null or event.occurred_at <= r.reached_at + w.step_window)
                and event.event_id <> all(r.used)
            order by event.position
            limit 1
        ) as found
        where
            b.unit_key is null
            or not exists (
                select 1
                from unnest(b.occurred_at, b.step_no, b.is_excluded) as obstacle (occurred_at, step_no, is_excluded)
                where
                    obstacle.occurred_at > r.reached_at
                    and obstacle.occurred_at < found.occurred_at
                    and (obstacle.is_excluded or (o.is_strict and obstacle.step_no not in (r.step_no, s.step_no)))
            )
    ),

    -- several attempts: the one that comes furthest, then the one that is there first, then the latest start
    best as (
        select distinct on (r.unit_key)
            r.unit_key,
            r.stream_key - r.step_no as stream_base,
            r.attempt_no
        from reached as r
        inner join {{ options }} as o on r.scope = o.scope and o.has_choice
        order by r.unit_key, r.step_no desc, r.reached_at, r.entered_at desc, r.stream_key, r.attempt_no
    )

    select
        {% for unit in units %}r.{{ unit }}, {% endfor %}
        r.scope,
        r.step_no,
        r.entered_at,
        r.reached_at,
        r.previous_reached_at,
        r.event_id,
        r.event_no - r.entered_no as events_before
    from reached as r
    inner join {{ options }} as o on r.scope = o.scope
    left join best as b on r.unit_key = b.unit_key
    where not o.has_choice or (r.stream_key - r.step_no = b.stream_base and r.attempt_no = b.attempt_no)
)
{%- endmacro %}
