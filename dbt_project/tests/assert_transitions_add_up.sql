-- For every stage of a scope: entries (links in) = transitions out + episode ends + still open; and starts = ends + open.
with links as (
    select
        scope,
        source_stage,
        target_stage,
        weight
    from {{ ref('stage_transition_cell') }}
    where period = '(all)' and source_stage <> '(any)' and target_stage <> '(any)'
),

flows as (
    select
        scope,
        case when target_stage in ('(end)', '(open)') then '(start)' else target_stage end as stage_key,
        weight as arrived,
        0 as departed
    from links
    union all
    select
        scope,
        source_stage,
        0,
        weight
    from links
)

select
    scope,
    stage_key
from flows
group by 1, 2
having sum(arrived) <> sum(departed)
