{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['scope', 'period']}]) }}

-- Rare links are summed into the node (other), by the whole time, so that the months of a link are comparable. Joins are by one
-- text (link): with three columns Postgres expects a row or two and loops over everything.
with cells as (
    select
        scope,
        source_stage,
        target_stage,
        period,
        weight,
        customers,
        scope || '|' || source_stage || '|' || target_stage as link
    from {{ ref('stage_transition_cell') }}
),

in_scope as (
    select
        scope || '|' || period as scope_period,
        scope,
        period,
        customers
    from cells
    where source_stage = '(any)'
),

links as materialized (
    select
        cells.link,
        cells.scope,
        cells.source_stage,
        cells.target_stage,
        case
            when
                cells.target_stage not in ('(end)', '(open)')
                and cells.customers < {{ var('rare_link_share') }} * in_scope.customers
                then '(other)'
            else cells.target_stage
        end as shown_target
    from cells
    inner join in_scope on cells.scope = in_scope.scope
    where in_scope.period = '(all)' and cells.period = '(all)' and cells.target_stage <> '(any)'
),

rare_links as (
    select
        scope,
        source_stage,
        target_stage,
        link,
        scope || '|' || source_stage || '|(other)|(all)' as shown_link
    from links
    where shown_target = '(other)'
),

-- distinct customers of the summed links, from the lists behind them
others as (
    select
        behind.shown_link,
        count(distinct behind.golden_customer_id) as customers
    from (
        {%- if reads_published('stage_transition_customer', ['golden_customer_id', 'scope', 'source_stage', 'target_stage']) %}
        -- rare links have few customers, found by the index: joining by the text of a link would read everybody's
        select
            rare_links.shown_link,
            published.golden_customer_id
        from rare_links
        inner join marts.stage_transition_customer as published
            on
                rare_links.scope = published.scope
                and rare_links.source_stage = published.source_stage
                and rare_links.target_stage = published.target_stage
        where
            not exists (
                select 1 from {{ source('night', 'affected_customers') }} as affected
                where published.golden_customer_id = affected.golden_customer_id
            )
        union all
        {%- endif %}
        select
            rare_links.shown_link,
            built.golden_customer_id
        from rare_links
        inner join {{ ref('stage_transition_customer') }} as built
            on rare_links.link = built.scope || '|' || built.source_stage || '|' || built.target_stage
    ) as behind
    group by 1
),

summed as (
    select
        links.scope,
        links.source_stage,
        links.shown_target as target_stage,
        cells.period,
        links.scope || '|' || links.source_stage || '|' || links.shown_target || '|' || cells.period as shown_link,
        links.scope || '|' || cells.period as scope_period,
        sum(cells.weight)::bigint as weight,
        count(*)::integer as links_inside,
        case when links.shown_target <> '(other)' then max(cells.customers) end as customers
    from cells
    inner join links on cells.link = links.link
    group by links.scope, links.source_stage, links.shown_target, cells.period
),

hours as (
    select
        scope || '|' || source_stage || '|' || target_stage as link,
        hours_bin,
        transitions
    from {{ ref('stage_transition_hours') }}
),

bins as (
    select
        links.scope || '|' || links.source_stage || '|' || links.shown_target || '|(all)' as shown_link,
        hours.hours_bin,
        sum(hours.transitions) as transitions
    from hours
    inner join links on hours.link = links.link
    group by 1, 2
),

running as (
    select
        shown_link,
        hours_bin,
        sum(transitions) over (partition by shown_link order by hours_bin) as so_far,
        sum(transitions) over (partition by shown_link) as total
    from bins
),

medians as (
    select
        shown_link,
        {{ bin_hours('min(hours_bin)') }} as median_hours
    from running
    where 2 * so_far >= total
    group by 1
),

counted as (
    select
        summed.*,
        coalesce(summed.customers, others.customers) as known_customers,
        in_scope.customers as scope_customers,
        medians.median_hours
    from summed
    left join in_scope on summed.scope_period = in_scope.scope_period
    left join others on summed.shown_link = others.shown_link
    left join medians on summed.shown_link = medians.shown_link
)

select
    scope,
    source_stage,
    target_stage,
    period,
    to_date(nullif(period, '(all)'), 'YYYY-MM') as period_month,
    '{{ taxonomy_version() }}'::text as taxonomy_version,
    weight,
    known_customers::bigint as customers,
    scope_customers::bigint as scope_customers,
    round(known_customers::numeric / nullif(scope_customers, 0), 6)::numeric(9, 6) as share_of_all,
    links_inside,
    round(median_hours, 2)::numeric(14, 2) as median_hours
from counted
