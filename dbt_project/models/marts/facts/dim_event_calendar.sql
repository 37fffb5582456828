{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['starts_date']}],
) }}

select
    event_id,
    event_kind,
    event_title,
    starts_at,
    {{ local_date('starts_at') }} as starts_date,
    ends_at,
    channel,
    campaigns,
    control_channel,
    control_campaigns,
    event_kind in ('campaign', 'pr', 'launch', 'holiday', 'outage', 'intervention') as is_known_kind
from {{ ref('stg_planning__events') }}
