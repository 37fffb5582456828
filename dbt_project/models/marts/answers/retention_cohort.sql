{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['retention', 'cohort']}]) }}

with events as (
    select * from {{ ref('retention_events') }} where taxonomy_version = '{{ taxonomy_version() }}'
),

-- every cohort month, and all of them together
cells as (
    select
        retention,
        to_char(cohort_date, 'YYYY-MM') as cohort,
        cohort_date,
        period_no,
        members,
        on_customers,
        last_customers
    from {{ ref('retention_cell') }}
    union all
    select
        retention,
        '(all)',
        cohort_date,
        period_no,
        members,
        on_customers,
        last_customers
    from {{ ref('retention_cell') }}
),

rates as (
    {{ retention_rates(
        'cells',
        'select retention, period_days, calendar_unit, generate_series(0, periods) as period_no from events',
        "'" ~ var('export_date') ~ "'::date",
    ) }}
)

select
    rates.retention,
    events.retention_name,
    rates.cohort,
    to_date(nullif(rates.cohort, '(all)'), 'YYYY-MM') as cohort_month,
    rates.period_no,
    events.period_days,
    events.calendar_unit,
    rates.cohort_customers,
    rates.observed_customers,
    rates.observed_customers = rates.cohort_customers as is_complete,
    rates.retained_customers,
    rates.observed_retained_customers,
    round(rates.observed_retained_customers::numeric / nullif(rates.observed_customers, 0), 6)::numeric(9, 6) as retention_rate,
    round(rates.retained_customers::numeric / nullif(rates.cohort_customers, 0), 6)::numeric(9, 6) as retention_rate_all,
    rates.on_observed_customers,
    rates.on_retained_customers,
    rates.on_observed_retained_customers,
    -- what lies after the last period is counted into it, so it is never "on" a period
    case
        when rates.period_no < events.periods
            then round(rates.on_observed_retained_customers::numeric / nullif(rates.on_observed_customers, 0), 6)
    end::numeric(9, 6) as on_period_rate
from rates
inner join events on rates.retention = events.retention
