{{ config(
    meta={'publish': 'customer', 'person_level': true},
    indexes=[{'columns': ['scope', 'source_stage', 'target_stage']}],
) }}

select
    paths.golden_customer_id,
    paths.scope,
    links.source_stage,
    links.target_stage,
    count(*)::integer as transitions,
    min(links.left_at) as first_at,
    max(links.left_at) as last_at
from {{ ref('fct_paths') }} as paths
cross join lateral {{ path_links('paths') }} as links
group by 1, 2, 3, 4
