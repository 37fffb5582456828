{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['scope', 'cohort']}, {'columns': ['persona_code']}]) }}

with scopes as (
    select
        s.*,
        {{ data_end() }} - s.funnel_window as closed_until
    from {{ scope_options() }} as s
),

steps as (
    select
        scope,
        step_no,
        min(step_code) as step_code,
        min(step_name) as step_name
    from {{ ref('map_scope_stages') }}
    where taxonomy_version = '{{ taxonomy_version() }}' and step_no is not null
    group by 1, 2
),

-- The month that the last closed day lies in is closed in part: its closed customers are counted one by one.
boundaries as (
    select
        scope,
        date_trunc('month', {{ local_date('closed_until') }})::date as cohort_month,
        (date_trunc('month', {{ local_date('closed_until') }})::timestamp at time zone '{{ var("reporting_timezone") }}') as from_at,
        closed_until
    from scopes
),

closed_in_part as (
    select
        reached.scope,
        persona.persona_code,
        coalesce(customers.first_channel, '(unknown)') as channel,
        boundaries.cohort_month,
        reached.step_no,
        count(*) as closed_customers
    from boundaries
    inner join {{ whole('fct_funnel_steps', ['golden_customer_id', 'scope', 'step_no', 'entered_at']) }} as reached
        on
            boundaries.scope = reached.scope
            and boundaries.from_at <= reached.entered_at
            and boundaries.closed_until >= reached.entered_at
    inner join {{ whole('dim_customers', ['golden_customer_id', 'first_channel']) }} as customers
        on reached.golden_customer_id = customers.golden_customer_id
    inner join {{ whole('customer_persona', ['golden_customer_id', 'persona_code']) }} as persona
        on reached.golden_customer_id = persona.golden_customer_id
    group by 1, 2, 3, 4, 5
),

cells as (
    select
        cells.scope,
        cells.persona_code,
        cells.channel,
        cells.cohort_month,
        cells.step_no,
        cells.customers,
        cells.touchpoints_before,
        cells.net_reporting_amount,
        case
            when cells.cohort_month < boundaries.cohort_month then cells.customers
            when cells.cohort_month = boundaries.cohort_month then coalesce(closed_in_part.closed_customers, 0)
            else 0
        end as closed_customers
    from {{ ref('stage_funnel_cell') }} as cells
    inner join boundaries on cells.scope = boundaries.scope
    left join closed_in_part
        on
            cells.scope = closed_in_part.scope
            and cells.persona_code = closed_in_part.persona_code
            and cells.channel = closed_in_part.channel
            and cells.cohort_month = closed_in_part.cohort_month
            and cells.step_no = closed_in_part.step_no
),

-- headline rows: (all) in place of a persona, a channel, a month, and of any of them together
summed as (
    select
        scope,
        coalesce(persona_code, '(all)') as persona_code,
        coalesce(channel, '(all)') as channel,
        case when grouping(cohort_month) = 1 then '(all)' else to_char(cohort_month, 'YYYY-MM') end as cohort,
        cohort_month,
        step_no,
        sum(customers) as customers,
        sum(closed_customers) as closed_customers,
        sum(touchpoints_before) as touchpoints_before,
        sum(net_reporting_amount) as net_reporting_amount
    from cells
    group by scope, step_no, cube (persona_code, channel, cohort_month)
),

-- every step of a cell is a row, also those that nobody reached; a scope that nobody entered has its headline
entered as (
    select distinct
        scope,
        persona_code,
        channel,
        cohort,
        cohort_month
    from summed
    union
    select
        scope,
        '(all)',
        '(all)',
        '(all)',
        null
    from steps
),

counted as (
    select
        entered.scope,
        entered.persona_code,
        entered.channel,
        entered.cohort,
        entered.cohort_month,
        steps.step_no,
        steps.step_code,
        steps.step_name,
        coalesce(summed.customers, 0)::bigint as customers,
        coalesce(summed.closed_customers, 0)::bigint as closed_customers,
        coalesce(summed.touchpoints_before, 0)::bigint as touchpoints_before,
        coalesce(summed.net_reporting_amount, 0)::numeric(18, 2) as net_reporting_amount
    from entered
    inner join steps on entered.scope = steps.scope
    left join summed
        on
            entered.scope = summed.scope
            and entered.persona_code = summed.persona_code
            and entered.channel = summed.channel
            and entered.cohort = summed.cohort
            and steps.step_no = summed.step_no
),

-- medians of months that are closed as a whole; a month by itself, and all of them
bins as (
    select
        hours.scope,
        hours.step_no,
        cohorts.cohort,
        hours.hours_bin,
        sum(sum(hours.customers)) over (
            partition by hours.scope, hours.step_no, cohorts.cohort order by hours.hours_bin
        ) as so_far,
        sum(sum(hours.customers)) over (partition by hours.scope, hours.step_no, cohorts.cohort) as total
    from {{ ref('stage_funnel_hours') }} as hours
    inner join boundaries on hours.scope = boundaries.scope and hours.cohort_month < boundaries.cohort_month
    cross join lateral (values (to_char(hours.cohort_month, 'YYYY-MM')), ('(all)')) as cohorts (cohort)
    group by 1, 2, 3, 4
),

medians as (
    select
        scope,
        step_no,
        cohort,
        {{ bin_hours('min(hours_bin)') }} as median_hours
    from bins
    where 2 * so_far >= total
    group by 1, 2, 3
),

-- a persona of fewer than ten customers in a cell is not shown: the row stays
guarded as (
    select
        counted.*,
        counted.persona_code <> '(all)' and first_value(counted.customers) over by_step < 10 as is_suppressed,
        lag(counted.closed_customers) over by_step as earlier_closed,
        first_value(counted.closed_customers) over by_step as entered_closed,
        first_value(counted.customers) over by_step as entered_customers
    from counted
    window by_step as (
        partition by counted.scope, counted.persona_code, counted.channel, counted.cohort order by counted.step_no
    )
)

select
    guarded.scope,
    guarded.persona_code,
    guarded.channel,
    guarded.cohort,
    guarded.step_no,
    guarded.step_code,
    guarded.step_name,
    guarded.cohort_month,
    {% set figures = {
        'customers': 'guarded.customers',
        'closed_customers': 'guarded.closed_customers',
        'open_customers': 'guarded.customers - guarded.closed_customers',
        'closed_dropped_customers': 'coalesce(guarded.earlier_closed - guarded.closed_customers, 0)',
        'step_rate': 'round(guarded.closed_customers::numeric / nullif(coalesce(guarded.earlier_closed, guarded.closed_customers), 0), 6)::numeric(9, 6)',
        'overall_rate': 'round(guarded.closed_customers::numeric / nullif(guarded.entered_closed, 0), 6)::numeric(9, 6)',
        'overall_rate_all': 'round(guarded.customers::numeric / nullif(guarded.entered_customers, 0), 6)::numeric(9, 6)',
        'median_hours_from_previous': 'round(medians.median_hours, 2)::numeric(14, 2)',
        'touchpoints_before': 'guarded.touchpoints_before',
        'mean_touchpoints_before': 'round(guarded.touchpoints_before::numeric / nullif(guarded.customers, 0), 2)::numeric(14, 2)',
        'net_reporting_amount': 'guarded.net_reporting_amount',
    } -%}
    {%- for name, figure in figures.items() %}
    case when not guarded.is_suppressed then {{ figure }} end as {{ name }},
    {%- endfor %}
    guarded.is_suppressed,
    scopes.unit as funnel_unit,
    ceil(extract(epoch from scopes.funnel_window) / 86400)::integer as window_days,
    '{{ taxonomy_version() }}'::text as taxonomy_version,
    '{{ var("export_date") }}'::date as data_end_date
from guarded
inner join scopes on guarded.scope = scopes.scope
left join medians
    on
        guarded.scope = medians.scope
        and guarded.step_no = medians.step_no
        and guarded.cohort = medians.cohort
        and guarded.persona_code = '(all)'
        and guarded.channel = '(all)'
