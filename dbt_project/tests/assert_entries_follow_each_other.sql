-- Within an episode: seq_no has no gap, an entry is left when the next one begins, and none begins before the one before it.
with entries as (
    select
        golden_customer_id,
        episode_no,
        seq_no,
        entered_at,
        left_at,
        row_number() over episode as expected_no,
        lead(entered_at) over episode as next_entered_at
    from {{ ref('fct_stage_entries') }}
    window episode as (partition by golden_customer_id, episode_no order by seq_no)
)

select
    golden_customer_id,
    episode_no,
    seq_no
from entries
where seq_no <> expected_no or left_at is distinct from next_entered_at or left_at < entered_at
