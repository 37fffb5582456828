{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
select
    r.retention,
    r.cohort_date,
    r.period_no,
    r.members,
    r.on_customers,
    r.last_customers
from (
    {{ retention_periods(
        events=retention_events('[[fct_touchpoints]]'),
        unit='golden_customer_id',
        timezone=var('reporting_timezone'),
    ) }}
) as r
{% endset %}

select
    retention,
    cohort_date,
    period_no,
    members::bigint as members,
    on_customers::bigint as on_customers,
    last_customers::bigint as last_customers
from {{ additive(
    keys=['retention', 'cohort_date', 'period_no'],
    sums=['members', 'on_customers', 'last_customers'],
    facts=['fct_touchpoints'],
    contribution=contribution,
) }} as cells
