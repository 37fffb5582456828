{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['stage_key', 'persona_code']}]) }}

select
    stage_key,
    persona_code,
    channel,
    next_stage_key,
    as_of_date,
    horizon_days,
    n_from,
    n,
    round(share::numeric, 6)::numeric(7, 6) as share,
    round(share_low::numeric, 6)::numeric(7, 6) as share_low,
    round(share_high::numeric, 6)::numeric(7, 6) as share_high,
    round(base_share::numeric, 6)::numeric(7, 6) as base_share,
    round(shrunken_share::numeric, 6)::numeric(7, 6) as shrunken_share,
    round(lift::numeric, 4)::numeric(12, 4) as lift,
    median_days::numeric(9, 1) as median_days,
    round(order_share::numeric, 6)::numeric(7, 6) as order_share,
    round(cell_order_share::numeric, 6)::numeric(7, 6) as cell_order_share,
    round(order_gain::numeric, 6)::numeric(7, 6) as order_gain,
    is_best_next_step,
    is_suppressed
from {{ source('journeys', 'stat_next_step') }}
