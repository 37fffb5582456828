{{ config(
    meta={'publish': 'customer', 'fitted': true, 'person_level': true},
    indexes=[{'columns': ['segment']}],
) }}

select
    scores.golden_customer_id,
    scores.as_of_date,
    scores.last_order_date,
    scores.recency_days,
    scores.order_count,
    scores.net_reporting_amount,
    scores.r_score,
    scores.f_score,
    scores.m_score,
    scores.rfm_score,
    coalesce(segments.segment_name, 'Others') as segment
from {{ source('journeys', 'stat_rfm') }} as scores
left join lateral (
    select rfm_segments.segment_name
    from {{ ref('rfm_segments') }} as rfm_segments
    where
        scores.r_score between rfm_segments.min_r and rfm_segments.max_r
        and scores.f_score between rfm_segments.min_f and rfm_segments.max_f
        and scores.m_score between rfm_segments.min_m and rfm_segments.max_m
    order by rfm_segments.segment_order
    limit 1
) as segments on true
