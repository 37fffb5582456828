select
    -- ids
    id as satisfaction_rating_id,
    ticket_id as ticket_no,
    requester_id,
    {{ source_record_key("'zendesk'", "'support_user'", 'requester_id') }} as source_record_key,

    -- rating; the comment's presence is part of the vendor's word
    replace(lower(score), '_with_comment', '') as score,
    {{ clean_text('comment') }} as comment_text,
    coalesce(updated_at, created_at) as rated_at,
    created_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'satisfaction_rating') }}
