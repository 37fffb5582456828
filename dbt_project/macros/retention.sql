{#-
  Retention over any table of events (docs/definitions.md): the model retention_cell and the published example run this same SQL.

  events    query with <unit>, retention, occurred_at, is_first, is_second, period_days, periods, calendar_unit (month or week: periods of
            the calendar, counted from the one that t0 lies in; null: rolling, from t0)
  gives     retention, cohort_date (local day of t0, the unit's first `first_action`), period_no, and per cell
            members         units of the cohort (in the row of period -1, once each)
            on_customers    units with a second action at t0 + p ≤ t < t0 + p + 1 periods
            last_customers  units whose last second action lies in the period (periods after the last are its own); -1: none.
                            `on_or_after(p)` is their sum over periods ≥ p
-#}
{% macro retention_periods(events, unit, timezone) -%}
    with events as (
        {{ events }}
    ),

    -- t0: the filter comes before the minimum
    firsts as (
        select
            {{ unit }},
            retention,
            min(occurred_at) as first_at
        from events
        where is_first
        group by 1, 2
    ),

    periods as (
        select distinct
            firsts.{{ unit }},
            firsts.retention,
            (firsts.first_at at time zone '{{ timezone }}')::date as cohort_date,
            least(
                case events.calendar_unit
                    when 'month'
                        then (
                            12 * (
                                extract(year from events.occurred_at at time zone '{{ timezone }}')
                                - extract(year from firsts.first_at at time zone '{{ timezone }}')
                            )
                            + extract(month from events.occurred_at at time zone '{{ timezone }}')
                            - extract(month from firsts.first_at at time zone '{{ timezone }}')
                        )::integer
                    when 'week'
                        then (
                            date_trunc('week', events.occurred_at at time zone '{{ timezone }}')::date
                            - date_trunc('week', firsts.first_at at time zone '{{ timezone }}')::date
                        ) / 7
                    else floor(extract(epoch from events.occurred_at - firsts.first_at) / 86400 / events.period_days)::integer
                end, events.periods
            ) as period_no
        from firsts
        left join events
            on
                firsts.{{ unit }} = events.{{ unit }}
                and firsts.retention = events.retention
                and events.is_second
                and events.occurred_at >= firsts.first_at
    ),

    units as (
        select
            {{ unit }},
            retention,
            cohort_date,
            coalesce(max(period_no), -1) as last_period_no
        from periods
        group by 1, 2, 3
    )

    select
        retention,
        cohort_date,
        period_no,
        sum(members)::bigint as members,
        sum(on_customers)::bigint as on_customers,
        sum(last_customers)::bigint as last_customers
    from (
        select
            retention,
            cohort_date,
            -1 as period_no,
            1 as members,
            0 as on_customers,
            0 as last_customers
        from units
        union all
        select
            retention,
            cohort_date,
            last_period_no,
            0,
            0,
            1
        from units
        union all
        select
            retention,
            cohort_date,
            period_no,
            0,
            1,
            0
        from periods
        where period_no is not null
    ) as parts
    group by 1, 2, 3
{%- endmacro %}

{#- The touchpoints that each retention of the seed looks at. -#}
{% macro retention_events(touchpoints) -%}
        select
            t.golden_customer_id,
            r.retention,
            t.occurred_at,
            t.stage_key = any(string_to_array(r.first_stage_keys, ' ')) as is_first,
            t.stage_key = any(string_to_array(r.second_stage_keys, ' ')) as is_second,
            r.period_days,
            r.periods,
            r.calendar_unit
        from {{ touchpoints }} as t
        inner join {{ ref('retention_events') }} as r
            on
                r.taxonomy_version = '{{ taxonomy_version() }}'
                and t.stage_key = any(string_to_array(r.first_stage_keys || ' ' || r.second_stage_keys, ' '))
{%- endmacro %}

{#- First day of period n of a cohort date. -#}
{% macro retention_period_from(cohort_date, h, n) -%}
case {{ h }}.calendar_unit
            when 'month' then (date_trunc('month', {{ cohort_date }}) + make_interval(months => {{ n }}))::date
            when 'week' then date_trunc('week', {{ cohort_date }})::date + 7 * ({{ n }})
            else {{ cohort_date }} + ({{ n }}) * {{ h }}.period_days
        end
{%- endmacro %}

{#-
  Rates from the cells of retention_periods.
  cells      relation with retention, cohort, cohort_date, period_no, members, on_customers, last_customers
  horizons   query with retention, period_no, period_days, calendar_unit: which periods to show
  data_end   last day that is observed in full (a date expression)
  gives      retention, cohort, period_no, cohort_customers (all members), observed_customers (t0 + p ≤ data_end), retained_customers
             (on_or_after, all members), observed_retained_customers; and the same `on` the period (t0 + p + 1 ≤ data_end)
-#}
{% macro retention_rates(cells, horizons, data_end) -%}
    select
        c.retention,
        c.cohort,
        h.period_no,
        sum(c.members)::bigint as cohort_customers,
        coalesce(sum(c.members) filter (where {{ retention_period_from('c.cohort_date', 'h', 'h.period_no') }} <= {{ data_end }}), 0)::bigint
            as observed_customers,
        coalesce(sum(c.last_customers) filter (where c.period_no >= h.period_no), 0)::bigint as retained_customers,
        coalesce(sum(c.last_customers) filter (
            where c.period_no >= h.period_no and {{ retention_period_from('c.cohort_date', 'h', 'h.period_no') }} <= {{ data_end }}
        ), 0)::bigint as observed_retained_customers,
        coalesce(sum(c.members) filter (where {{ retention_period_from('c.cohort_date', 'h', 'h.period_no + 1') }} - (h.calendar_unit is not null)::integer <= {{ data_end }}), 0)::bigint
            as on_observed_customers,
        coalesce(sum(c.on_customers) filter (where c.period_no = h.period_no), 0)::bigint as on_retained_customers,
        coalesce(sum(c.on_customers) filter (
            where c.period_no = h.period_no and {{ retention_period_from('c.cohort_date', 'h', 'h.period_no + 1') }} - (h.calendar_unit is not null)::integer <= {{ data_end }}
        ), 0)::bigint as on_observed_retained_customers
    from {{ cells }} as c
    inner join ({{ horizons }}) as h on c.retention = h.retention
    group by 1, 2, 3
{%- endmacro %}
