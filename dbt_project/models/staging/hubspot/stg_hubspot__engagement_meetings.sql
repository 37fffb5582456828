select
    -- ids
    engagement_id,

    -- activity
    'meeting'::text as activity,
    coalesce(occurred_at, started_at) as occurred_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'engagement_meeting') }}
