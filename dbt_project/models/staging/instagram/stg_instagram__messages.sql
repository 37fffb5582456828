select
    -- ids
    id as message_id,
    conversation_id,
    from_id,
    {{ clean_text('from_username') }} as from_handle,
    to_id,
    {{ clean_text('to_username') }} as to_handle,

    -- event
    created_time as sent_at,
    {{ clean_text('message') }} as message_text,
    coalesce(jsonb_typeof(story -> 'mention') = 'object', false) as is_story_mention,
    coalesce(jsonb_typeof(story -> 'reply_to') = 'object', false) as is_story_reply,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('instagram', 'message') }}
