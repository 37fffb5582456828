{{ config(meta={'publish': 'whole', 'person_level': true}) }}

-- What happened in a scope: touchpoints by type, channel and month, and how many customers a stage has in it at all
{% set contribution %}
with customers as materialized (
    {{ scope_customers(in_contribution=true) }}
),

scope_stages as materialized (
    {{ scope_stages() }}
)

select
    scope_stages.scope,
    coalesce(customers.persona_code, '(unknown)') as persona_code,
    touchpoints.stage_key,
    coalesce(touchpoints.touchpoint_type, '(all)') as touchpoint_type,
    coalesce(touchpoints.channel, '(all)') as channel,
    coalesce(touchpoints.period, '(all)') as period,
    count(*) as touchpoints,
    count(distinct touchpoints.golden_customer_id) as customers
from (
    select
        t.golden_customer_id,
        t.episode_no,
        t.stage_key,
        t.touchpoint_type,
        coalesce(t.channel, '(unknown)') as channel,
        to_char(t.occurred_date, 'YYYY-MM-01') as period
    from [[fct_touchpoints]] as t
    where t.stage_key is not null
) as touchpoints
inner join customers on touchpoints.golden_customer_id = customers.golden_customer_id
inner join scope_stages on touchpoints.stage_key = scope_stages.stage_key
where {{ in_scope('scope_stages', 'customers', 'touchpoints.episode_no') }}
group by grouping sets (
    (scope_stages.scope, coalesce(customers.persona_code, '(unknown)'), touchpoints.stage_key, touchpoints.touchpoint_type, touchpoints.channel, touchpoints.period),
    (scope_stages.scope, coalesce(customers.persona_code, '(unknown)'), touchpoints.stage_key)
)
{% endset %}

select
    scope,
    persona_code,
    stage_key,
    touchpoint_type,
    channel,
    period,
    touchpoints::bigint as touchpoints,
    customers::bigint as customers
from {{ additive(
    keys=['scope', 'persona_code', 'stage_key', 'touchpoint_type', 'channel', 'period'],
    sums=['touchpoints', 'customers'],
    facts=['fct_touchpoints'] + scope_facts(),
    contribution=contribution,
) }} as cells
