{{ config(meta={'publish': 'whole', 'person_level': true}) }}

{% set contribution %}
select
    f.scope,
    p.persona_code,
    coalesce(c.first_channel, '(unknown)') as channel,
    date_trunc('month', {{ local_date('f.entered_at') }})::date as cohort_month,
    f.step_no,
    count(*)::bigint as customers,
    sum(f.touchpoints_before)::bigint as touchpoints_before,
    sum(case
        when f.unit_no = 0 then c.order_reporting_amount - c.refunded_reporting_amount
        else j.order_reporting_amount - j.refunded_reporting_amount
    end)::numeric(18, 2) as net_reporting_amount
from [[fct_funnel_steps]] as f
inner join [[dim_customers]] as c on f.golden_customer_id = c.golden_customer_id
inner join [[customer_persona]] as p on f.golden_customer_id = p.golden_customer_id
left join [[fct_journeys]] as j on f.golden_customer_id = j.golden_customer_id and f.unit_no = j.episode_no
group by 1, 2, 3, 4, 5
{% endset %}

select
    scope,
    persona_code,
    channel,
    cohort_month,
    step_no,
    customers::bigint as customers,
    touchpoints_before::bigint as touchpoints_before,
    net_reporting_amount::numeric(18, 2) as net_reporting_amount
from {{ additive(
    keys=['scope', 'persona_code', 'channel', 'cohort_month', 'step_no'],
    sums=['customers', 'touchpoints_before', 'net_reporting_amount'],
    facts=['fct_funnel_steps', 'dim_customers', 'customer_persona', 'fct_journeys'],
    contribution=contribution,
) }} as cells
