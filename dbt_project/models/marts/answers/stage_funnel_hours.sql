{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
select
    f.scope,
    f.step_no,
    date_trunc('month', {{ local_date('f.entered_at') }})::date as cohort_month,
    floor(8 * ln((greatest(f.hours_from_previous_step, 0) * 60 + 1)::float8) / ln(2::float8))::integer as hours_bin,
    count(*)::bigint as customers
from [[fct_funnel_steps]] as f
where f.hours_from_previous_step is not null
group by 1, 2, 3, 4
{% endset %}

select
    scope,
    step_no,
    cohort_month,
    hours_bin,
    customers::bigint as customers
from {{ additive(
    keys=['scope', 'step_no', 'cohort_month', 'hours_bin'],
    sums=['customers'],
    facts=['fct_funnel_steps'],
    contribution=contribution,
) }} as cells
