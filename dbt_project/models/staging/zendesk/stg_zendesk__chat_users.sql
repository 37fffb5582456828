select
    -- ids
    id as chat_id,
    user_id,

    -- times
    coalesce(timestamp, update_timestamp) as started_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'chat') }}
where user_id is not null
