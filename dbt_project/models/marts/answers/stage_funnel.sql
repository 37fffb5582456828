{{ config(meta={'publish': 'whole'}) }}

with steps as (
    select distinct
        scope,
        step_no,
        step_code,
        step_name
    from {{ ref('funnel_steps') }}
),

reached as (
    select
        reached.scope,
        reached.step_no,
        count(*) as customers,
        -- closed: the whole window has been observed
        count(*) filter (where window_end.at <= {{ data_end() }}) as closed_customers,
        percentile_cont(0.5) within group (order by reached.hours_from_previous_step)
        filter (where window_end.at <= {{ data_end() }}) as median_hours
    from {{ whole('fct_funnel_steps', ['scope', 'step_no', 'entered_at', 'hours_from_previous_step']) }} as reached
    cross join lateral (select reached.entered_at + interval '{{ var("funnel_window_days") }} days') as window_end (at)
    group by 1, 2
),

counted as (
    select
        steps.scope,
        steps.step_no,
        steps.step_code,
        steps.step_name,
        coalesce(reached.customers, 0)::bigint as customers,
        coalesce(reached.closed_customers, 0)::bigint as closed_customers,
        reached.median_hours
    from steps
    left join reached on steps.scope = reached.scope and steps.step_no = reached.step_no
)

select
    scope,
    step_no,
    step_code,
    step_name,
    customers,
    closed_customers,
    customers - closed_customers as open_customers,
    coalesce(lag(closed_customers) over by_step - closed_customers, 0) as closed_dropped_customers,
    round(closed_customers::numeric / nullif(lag(closed_customers, 1, closed_customers) over by_step, 0), 6)::numeric(9, 6) as step_rate,
    round(closed_customers::numeric / nullif(first_value(closed_customers) over by_step, 0), 6)::numeric(9, 6) as overall_rate,
    round(customers::numeric / nullif(first_value(customers) over by_step, 0), 6)::numeric(9, 6) as overall_rate_all,
    round(median_hours::numeric, 2)::numeric(14, 2) as median_hours_from_previous,
    {{ var('funnel_window_days') }} as window_days,
    '{{ var("taxonomy_version") }}'::text as taxonomy_version,
    '{{ var("export_date") }}'::date as data_end_date
from counted
window by_step as (partition by scope order by step_no)
