{{ config(meta={'publish': 'whole'}) }}

with paths as materialized (
    select
        scope,
        variant,
        golden_customer_id,
        stage_count,
        hours,
        end_node,
        days_to_return
    from {{ whole('fct_paths', ['scope', 'variant', 'golden_customer_id', 'stage_count', 'hours', 'end_node', 'days_to_return']) }} as p
),

-- distinct customers of each scope: those of all its links
in_scope as (
    select
        scope,
        customers
    from {{ ref('stage_transition_cell') }}
    where source_stage = '(any)' and target_stage = '(any)' and period = '(all)'
),

-- by paths, not by distinct customers: counting those for the long tail would cost more than it tells
counted as (
    select
        scope,
        variant,
        count(*) as paths
    from paths
    group by 1, 2
),

-- places by number alone first: comparing the variants of the long tail, of which there are as many as paths, takes longer than all else
placed as (
    select
        counted.*,
        row_number() over (partition by scope order by paths desc) as place_no
    from counted
),

fewest as (
    select
        scope,
        count(*) as variants,
        coalesce(min(paths) filter (where place_no <= {{ var('path_variants') }}), 0) as paths
    from placed
    group by 1
),

listed as (
    select
        ranked.scope,
        ranked.variant,
        ranked.rank_no
    from (
        select
            placed.scope,
            placed.variant,
            row_number() over (partition by placed.scope order by placed.paths desc, placed.variant) as rank_no
        from placed
        inner join fewest on placed.scope = fewest.scope
        where placed.paths >= fewest.paths
    ) as ranked
    where ranked.rank_no <= {{ var('path_variants') }}
),

shown as (
    select
        paths.*,
        coalesce(listed.rank_no, 0) as rank_no
    from paths
    left join listed on paths.scope = listed.scope and paths.variant = listed.variant
),

summed as (
    select
        scope,
        rank_no,
        count(*) as paths,
        count(distinct golden_customer_id) as customers,
        count(*) filter (where end_node = '(open)') as open_paths,
        count(*) filter (where end_node = '(end)') as ended_paths,
        count(*) filter (where days_to_return <= 30) as returned_within_30_days,
        count(*) filter (where days_to_return <= 90) as returned_within_90_days,
        percentile_cont(0.5) within group (order by hours) as median_hours,
        percentile_cont(0.5) within group (order by stage_count) as median_stages,
        percentile_cont(0.5) within group (order by days_to_return) as median_days_to_return
    from shown
    group by 1, 2
)

select
    summed.scope,
    summed.rank_no::integer as variant_no,
    case when summed.rank_no = 0 then '(other)' else array_to_string(listed.variant, ' > ') end as variant,
    listed.variant as stages,
    case when summed.rank_no = 0 then fewest.variants - {{ var('path_variants') }} else 1 end::bigint as variants_inside,
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
inner join fewest on summed.scope = fewest.scope
left join listed on summed.scope = listed.scope and summed.rank_no = listed.rank_no
