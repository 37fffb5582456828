{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['scope', 'started_date']}],
    post_hook='analyze {{ this }}',
) }}

with scope_stages as materialized (
    {{ scope_stages() }}
),

customers as materialized (
    {{ scope_customers() }}
),

entries as (
    select
        entries.golden_customer_id,
        entries.episode_no,
        scope_stages.scope,
        entries.seq_no,
        entries.stage_key,
        entries.entered_at,
        coalesce(lag(entries.stage_key) over (
            partition by entries.golden_customer_id, entries.episode_no, scope_stages.scope order by entries.seq_no
        ), '') <> entries.stage_key as is_new
    from {{ ref('fct_stage_entries') }} as entries
    inner join customers on entries.golden_customer_id = customers.golden_customer_id
    inner join scope_stages on entries.stage_key = scope_stages.stage_key
    where {{ in_scope('scope_stages', 'customers', 'entries.episode_no') }}
),

paths as (
    select
        golden_customer_id,
        scope,
        episode_no,
        array_agg(stage_key order by seq_no) as stages,
        array_agg(entered_at order by seq_no) as entered_at
    from entries
    where is_new
    group by 1, 2, 3
)

select
    paths.golden_customer_id,
    paths.scope,
    paths.episode_no,
    paths.stages,
    paths.entered_at,
    cardinality(paths.stages) as stage_count,
    paths.stages[1:10] || case when cardinality(paths.stages) > 10 then array['…'] else array[]::text[] end as variant,
    paths.entered_at[1] as started_at,
    {{ local_date('paths.entered_at[1]') }} as started_date,
    round(extract(epoch from paths.entered_at[cardinality(paths.stages)] - paths.entered_at[1]) / 3600.0, 4)::numeric(14, 4) as hours,
    case when journeys.is_latest_episode and journeys.outcome <> 'dropped_off' then '(open)' else '(end)' end as end_node,
    -- what happened after: the next episode, and how long after the last touchpoint of this one. A refund or a review belongs to its
    -- order's episode and may come when the next has begun: then they never left
    journeys.next_episode_started_at as returned_at,
    case
        when journeys.next_episode_started_at is not null
            then round(greatest(extract(epoch from journeys.next_episode_started_at - journeys.last_touchpoint_at), 0) / 86400.0, 4)
    end::numeric(14, 4) as days_to_return
from paths
inner join {{ ref('fct_journeys') }} as journeys
    on paths.golden_customer_id = journeys.golden_customer_id and paths.episode_no = journeys.episode_no
