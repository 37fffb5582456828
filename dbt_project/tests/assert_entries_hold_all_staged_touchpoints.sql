-- Every touchpoint with a stage is in exactly one entry of its customer and episode.
with entries as (
    select
        golden_customer_id,
        episode_no,
        sum(touchpoint_count) as touchpoints
    from {{ ref('fct_stage_entries') }}
    group by 1, 2
),

staged as (
    select
        golden_customer_id,
        episode_no,
        count(*) as touchpoints
    from {{ ref('fct_touchpoints') }}
    where stage_key is not null
    group by 1, 2
)

select
    coalesce(staged.golden_customer_id, entries.golden_customer_id) as golden_customer_id,
    coalesce(staged.episode_no, entries.episode_no) as episode_no
from staged
full join entries on staged.golden_customer_id = entries.golden_customer_id and staged.episode_no = entries.episode_no
where staged.touchpoints is distinct from entries.touchpoints
