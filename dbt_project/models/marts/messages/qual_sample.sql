{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['stage_code', 'sentiment_class']}]) }}

select
    touchpoint_id,
    stage_code,
    sentiment_class,
    channel,
    week_start,
    intent,
    topic,
    sentiment,
    language,
    stratum_messages,
    stratum_sampled,
    round(stratum_messages::numeric / stratum_sampled, 4)::numeric(12, 4) as sample_weight,
    cell_customers < 10 as is_suppressed,
    case when cell_customers >= 10 then redacted_text end as redacted_text
from {{ source('journeys', 'stat_quotes') }}
