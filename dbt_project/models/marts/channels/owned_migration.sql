{{ config(meta={'publish': 'whole'}) }}

{%- set contribution %}
select
    cohort_month,
    coalesce(
        ((extract(year from owned_month) - extract(year from cohort_month)) * 12
        + extract(month from owned_month) - extract(month from cohort_month))::integer, -1
    ) as months_since,
    count(*) as customers,
    count(*) filter (where is_identified) as identified_customers,
    coalesce(sum(days_to_owned), 0) as days_to_owned
from (
    select
        journeys.golden_customer_id,
        date_trunc('month', {{ local_date('journeys.first_at') }})::date as cohort_month,
        date_trunc('month', {{ local_date('journeys.owned_at') }})::date as owned_month,
        {{ local_date('journeys.owned_at') }} - {{ local_date('journeys.first_at') }} as days_to_owned,
        customers.has_email or customers.has_phone or customers.order_count > 0 as is_identified
    from (
        select
            touchpoints.golden_customer_id,
            min(touchpoints.occurred_at) as first_at,
            min(touchpoints.occurred_at) filter (where touchpoints.ownership = 'platform') as platform_at,
            min(touchpoints.occurred_at) filter (where touchpoints.ownership in ('owned', 'offline')) as owned_at
        from [[fct_touchpoints]] as touchpoints
        where touchpoints.direction = 'inbound' and not touchpoints.is_bot
        group by 1
    ) as journeys
    inner join [[dim_customers]] as customers on journeys.golden_customer_id = customers.golden_customer_id
    -- met on somebody else's platform first; in a coalesce, since the planner takes the plain condition for next to nobody and loops
    where coalesce(journeys.platform_at = journeys.first_at and coalesce(journeys.owned_at > journeys.first_at, true), false)
) as social_only
group by 1, 2
{%- endset %}

-- every calendar month since the cohort's first, also those in which nobody came; -1 holds who has not come yet
with cells as (
    select * from {{ additive(
        keys=['cohort_month', 'months_since'], sums=['customers', 'identified_customers', 'days_to_owned'],
        facts=['fct_touchpoints', 'dim_customers'], contribution=contribution
    ) }} as cells
),

months as (
    select
        cohorts.cohort_month,
        series.months_since
    from (select distinct cohort_month from cells) as cohorts
    cross join lateral generate_series(
        0,
        greatest(
            (extract(year from '{{ var("export_date") }}'::date) - extract(year from cohorts.cohort_month)) * 12
            + extract(month from '{{ var("export_date") }}'::date) - extract(month from cohorts.cohort_month), 0
        )::integer
    ) as series (months_since)
),

counted as (
    select
        coalesce(months.cohort_month, cells.cohort_month) as cohort_month,
        coalesce(months.months_since, cells.months_since)::integer as months_since,
        coalesce(cells.customers, 0) as customers,
        coalesce(cells.identified_customers, 0) as identified_customers,
        coalesce(cells.days_to_owned, 0) as days_to_owned
    from months
    full outer join cells on months.cohort_month = cells.cohort_month and months.months_since = cells.months_since
)

select
    cohort_month,
    months_since,
    customers::bigint as customers,
    identified_customers::bigint as identified_customers,
    days_to_owned::bigint as days_to_owned,
    sum(customers) over (partition by cohort_month)::bigint as cohort_customers,
    case when months_since >= 0 then sum(customers) filter (where months_since >= 0) over so_far end::bigint as migrated_customers,
    case
        when months_since >= 0
            then round(sum(customers) filter (where months_since >= 0) over so_far / sum(customers) over (partition by cohort_month), 6)
    end::numeric(9, 6) as migration_rate,
    case
        when months_since >= 0
            then round(
                sum(days_to_owned) filter (where months_since >= 0) over so_far
                / nullif(sum(customers) filter (where months_since >= 0) over so_far, 0), 2
            )
    end::numeric(14, 2) as mean_days_to_owned,
    -- the calendar month has been observed to its end
    months_since >= 0 and cohort_month + make_interval(months => months_since + 1) <= '{{ var("export_date") }}'::date + 1 as is_complete
from counted
window so_far as (partition by cohort_month order by months_since)
