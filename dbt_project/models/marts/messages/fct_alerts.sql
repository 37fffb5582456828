{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['raised_at']}]) }}

select
    alert_id,
    kind,
    discussion_key,
    channel,
    raised_at,
    begun_at,
    velocity,
    growth,
    risk,
    threshold,
    negative_share,
    reach,
    first_response_at,
    quiet_at,
    round(extract(epoch from raised_at - begun_at) / 60.0, 1)::numeric(12, 1) as minutes_to_detect,
    round(extract(epoch from first_response_at - begun_at) / 60.0, 1)::numeric(12, 1) as minutes_to_respond
from {{ source('journeys', 'stat_alerts') }}
