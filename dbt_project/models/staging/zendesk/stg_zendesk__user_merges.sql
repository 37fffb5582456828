select
    -- ids
    surviving_user_id,
    discarded_user_id,

    -- times
    merged_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'user_merge') }}
