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

in_scope as (
    select
        scope,
        count(distinct golden_customer_id) as customers
    from paths
    group by 1
),

-- by paths, not by distinct customers: counting those for the long tail would cost more than it tells
ranked as (
    select
        scope,
        variant,
        row_number() over (partition by scope order by count(*) desc, variant) as rank_no
    from paths
    group by 1, 2
),

listed as (
    select
        scope,
        variant,
        rank_no
    from ranked
    where rank_no <= {{ var('path_variants') }}
),

shown as (
    select
        paths.*,
        coalesce(listed.rank_no, 0) as rank_no
    from paths
    left join listed on paths.scope = listed.scope and paths.variant = listed.variant
)

select
    shown.scope,
    shown.rank_no::integer as variant_no,
    case when shown.rank_no = 0 then '(other)' else array_to_string(min(shown.variant), ' > ') end as variant,
    case when shown.rank_no > 0 then min(shown.variant) end as stages,
    count(distinct shown.variant)::bigint as variants_inside,
    count(*)::bigint as paths,
    count(distinct shown.golden_customer_id)::bigint as customers,
    min(in_scope.customers)::bigint as scope_customers,
    round(count(distinct shown.golden_customer_id)::numeric / nullif(min(in_scope.customers), 0), 6)::numeric(9, 6) as share_of_all,
    count(*) filter (where shown.end_node = '(open)')::bigint as open_paths,
    count(*) filter (where shown.end_node = '(end)')::bigint as ended_paths,
    count(*) filter (where shown.days_to_return <= 30)::bigint as returned_within_30_days,
    count(*) filter (where shown.days_to_return <= 90)::bigint as returned_within_90_days,
    round((percentile_cont(0.5) within group (order by shown.hours))::numeric, 2)::numeric(14, 2) as median_hours,
    round((percentile_cont(0.5) within group (order by shown.stage_count))::numeric, 1)::numeric(9, 1) as median_stages,
    round((percentile_cont(0.5) within group (order by shown.days_to_return))::numeric, 2)::numeric(14, 2) as median_days_to_return,
    '{{ taxonomy_version() }}'::text as taxonomy_version
from shown
inner join in_scope on shown.scope = in_scope.scope
group by shown.scope, shown.rank_no
