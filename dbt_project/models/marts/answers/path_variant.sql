{{ config(meta={'publish': 'whole'}) }}

with summed as (
    select
        coalesce(listed.variant_no, 0) as variant_no,
        paths.scope,
        count(*) as paths,
        count(distinct paths.golden_customer_id) as customers,
        count(*) filter (where paths.end_node = '(open)') as open_paths,
        count(*) filter (where paths.end_node = '(end)') as ended_paths,
        count(*) filter (where paths.days_to_return <= 30) as returned_within_30_days,
        count(*) filter (where paths.days_to_return <= 90) as returned_within_90_days,
        percentile_cont(0.5) within group (order by paths.hours) as median_hours,
        percentile_cont(0.5) within group (order by paths.stage_count) as median_stages,
        percentile_cont(0.5) within group (order by paths.days_to_return) as median_days_to_return
    from
        {{ whole('fct_paths', ['scope', 'variant', 'golden_customer_id', 'stage_count', 'hours', 'end_node', 'days_to_return']) }} as paths
    left join {{ ref('int_path_variants_listed') }} as listed on paths.scope = listed.scope and paths.variant = listed.variant
    group by 1, 2
),

variants as (
    select
        scope,
        min(variants) as variants
    from {{ ref('int_path_variants_listed') }}
    group by 1
),

-- distinct customers of each scope: those of all its links
in_scope as (
    select
        scope,
        customers
    from {{ ref('stage_transition_cell') }}
    where source_stage = '(any)' and target_stage = '(any)' and period = '(all)'
)

select
    summed.scope,
    summed.variant_no,
    case when summed.variant_no = 0 then '(other)' else array_to_string(listed.variant, ' > ') end as variant,
    listed.variant as stages,
    case when summed.variant_no = 0 then variants.variants - {{ var('path_variants') }} else 1 end::bigint as variants_inside,
    summed.paths::bigint as paths,
    summed.customers::bigint as customers,
    in_scope.customers::bigint as scope_customers,
    round(summed.customers::numeric / nullif(in_scope.customers, 0), 6)::numeric(9, 6) as share_of_all,
    summed.open_paths::bigint as open_paths,
    summed.ended_paths::bigint as ended_paths,
    summed.returned_within_30_days::bigint as returned_within_30_days,
    summed.returned_within_90_days::bigint as returned_within_90_days,
    round(summed.median_hours::numeric, 2)::numeric(14, 2) as median_hours,
    round(summed.median_stages::numeric, 1)::numeric(9, 1) as median_stages,
    round(summed.median_days_to_return::numeric, 2)::numeric(14, 2) as median_days_to_return,
    '{{ taxonomy_version() }}'::text as taxonomy_version
from summed
inner join in_scope on summed.scope = in_scope.scope
inner join variants on summed.scope = variants.scope
left join {{ ref('int_path_variants_listed') }} as listed on summed.scope = listed.scope and summed.variant_no = listed.variant_no
