{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
select
    p.scope,
    l.source_stage,
    l.target_stage,
    {{ time_bin('l.source_at', 'l.left_at') }} as hours_bin,
    count(*)::bigint as transitions
from [[fct_paths]] as p
cross join lateral {{ path_links('p') }} as l
where l.stayed is not null
group by 1, 2, 3, 4
{% endset %}

select
    scope,
    source_stage,
    target_stage,
    hours_bin,
    transitions::bigint as transitions
from {{ additive(
    keys=['scope', 'source_stage', 'target_stage', 'hours_bin'],
    sums=['transitions'],
    facts=['fct_paths'],
    contribution=contribution,
) }} as cells
