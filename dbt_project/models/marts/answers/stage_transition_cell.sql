{{ config(meta={'publish': 'whole'}) }}

-- a link, all links of a source, all links of the scope; each in one month and in all: distinct customers cannot be added up later
{% set contribution %}
select
    m.scope,
    coalesce(m.source_stage, '(any)') as source_stage,
    coalesce(m.target_stage, '(any)') as target_stage,
    coalesce(m.period, '(all)') as period,
    count(*)::bigint as weight,
    count(distinct m.golden_customer_id)::bigint as customers
from (
    select
        p.golden_customer_id,
        p.scope,
        l.source_stage,
        l.target_stage,
        to_char(l.source_at at time zone '{{ var("reporting_timezone") }}', 'YYYY-MM') as period
    from [[fct_paths]] as p
    cross join lateral {{ path_links('p') }} as l
) as m
group by grouping sets (
    (m.scope, m.source_stage, m.target_stage, m.period),
    (m.scope, m.source_stage, m.target_stage),
    (m.scope, m.source_stage, m.period),
    (m.scope, m.source_stage),
    (m.scope, m.period),
    (m.scope)
)
{% endset %}

select
    scope,
    source_stage,
    target_stage,
    period,
    weight::bigint as weight,
    customers::bigint as customers
from {{ additive(
    keys=['scope', 'source_stage', 'target_stage', 'period'],
    sums=['weight', 'customers'],
    facts=['fct_paths'],
    contribution=contribution,
) }} as cells
