{{ config(meta={'publish': 'whole'}) }}

with entries as (
    select * from {{ whole('fct_stage_entries', ['golden_customer_id', 'episode_no', 'stage_key', 'next_stage_key', 'dwell_hours']) }} as entries
),

journeys as (
    select * from {{ whole('fct_journeys', ['golden_customer_id', 'episode_no', 'outcome', 'is_latest_episode']) }} as journeys
),

transitions as (
    select
        entries.golden_customer_id,
        entries.stage_key as source_stage,
        entries.dwell_hours,
        -- the last entry of an episode goes to one of two nodes that are no stages
        case
            when entries.next_stage_key is not null then entries.next_stage_key
            when journeys.is_latest_episode and journeys.outcome <> 'dropped_off' then '(open)'
            else '(end)'
        end as target_stage
    from entries
    left join journeys
        on
            entries.next_stage_key is null
            and entries.golden_customer_id = journeys.golden_customer_id
            and entries.episode_no = journeys.episode_no
),

in_scope as (
    select count(distinct golden_customer_id) as customers from entries
)

select
    'cradle_to_grave'::text as scope,
    transitions.source_stage,
    transitions.target_stage,
    '{{ var("taxonomy_version") }}'::text as taxonomy_version,
    count(*) as weight,
    count(distinct transitions.golden_customer_id) as customers,
    round(count(distinct transitions.golden_customer_id)::numeric / nullif(max(in_scope.customers), 0), 6)::numeric(9, 6) as share_of_all,
    round((percentile_cont(0.5) within group (order by transitions.dwell_hours))::numeric, 2)::numeric(14, 2) as median_hours
from transitions
cross join in_scope
group by transitions.source_stage, transitions.target_stage
