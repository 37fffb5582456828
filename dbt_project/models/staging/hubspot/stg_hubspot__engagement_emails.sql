select
    -- ids
    engagement_id,

    -- activity
    'email'::text as activity,
    coalesce(occurred_at, created_at) as occurred_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'engagement_email') }}
