{{ config(
    meta={'publish': 'customer'},
    indexes=[
        {'columns': ['stage_key', 'entered_date']},
        {'columns': ['entered_by_touchpoint_id']},
        {'columns': ['move']},
    ],
    post_hook='analyze {{ this }}',
) }}

with touchpoints as (
    select
        golden_customer_id,
        episode_no,
        touchpoint_id,
        occurred_at,
        source_priority,
        taxonomy_version,
        stage_key,
        coalesce(lag(stage_key) over episode, '') <> stage_key as opens_entry
    from {{ ref('fct_touchpoints') }}
    where stage_key is not null
    window episode as (partition by golden_customer_id, episode_no order by occurred_at, source_priority, touchpoint_id)
),

numbered as (
    select
        touchpoints.*,
        count(*) filter (where opens_entry) over (
            partition by golden_customer_id, episode_no order by occurred_at, source_priority, touchpoint_id
            rows between unbounded preceding and current row
        ) as seq_no
    from touchpoints
),

entries as (
    select
        golden_customer_id,
        episode_no,
        seq_no::integer as seq_no,
        taxonomy_version,
        stage_key,
        min(occurred_at) as entered_at,
        max(occurred_at) as last_touchpoint_at,
        count(*)::integer as touchpoint_count,
        (array_agg(touchpoint_id) filter (where opens_entry))[1] as entered_by_touchpoint_id
    from numbered
    group by 1, 2, 3, 4, 5
),

-- path_position counts the ranks that exist in the taxonomy in force, so that a gap in path_rank is not a skip
stages as (
    select
        stages.*,
        case when path_rank is not null then dense_rank() over (partition by path_rank is null order by path_rank) end::integer as path_position
    from {{ ref('stages') }} as stages
    where taxonomy_version = '{{ taxonomy_version() }}'
),

ranked as (
    select
        entries.*,
        stages.stage_code,
        stages.sub_stage,
        stages.stage_order,
        stages.macro_stage,
        stages.family,
        stages.path_position,
        row_number() over (
            partition by entries.golden_customer_id, entries.episode_no, entries.stage_key order by entries.seq_no
        ) > 1 as was_entered_before,
        lag(entries.stage_key) over episode as previous_stage_key,
        lead(entries.stage_key) over episode as next_stage_key,
        lead(entries.entered_at) over episode as left_at,
        -- the position of the last ranked stage before this entry: the greatest (seq_no, position) pair wins
        (max(array[entries.seq_no, stages.path_position]) filter (where stages.path_position is not null) over (
            partition by entries.golden_customer_id, entries.episode_no order by entries.seq_no
            rows between unbounded preceding and 1 preceding
        ))[2] as last_path_position
    from entries
    inner join stages on entries.stage_key = stages.stage_key
    window episode as (partition by entries.golden_customer_id, entries.episode_no order by entries.seq_no)
)

select
    golden_customer_id,
    episode_no,
    seq_no,
    taxonomy_version,
    stage_key,
    stage_code,
    sub_stage,
    stage_order,
    macro_stage,
    family,
    entered_at,
    {{ local_date('entered_at') }} as entered_date,
    left_at,
    round(extract(epoch from left_at - entered_at) / 3600.0, 4)::numeric(14, 4) as dwell_hours,
    last_touchpoint_at,
    touchpoint_count,
    entered_by_touchpoint_id,
    previous_stage_key,
    next_stage_key,
    case
        when seq_no = 1 then 'start'
        when path_position is null then 'side'
        when was_entered_before then 'loop'
        when path_position < last_path_position then 'back'
        when last_path_position is null or path_position - last_path_position in (0, 1) then 'forward'
        else 'skip'
    end as move
from ranked
