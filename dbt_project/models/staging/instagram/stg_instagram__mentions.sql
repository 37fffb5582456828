-- Comments and posts by others that name the brand. Only the username tells who wrote; it may pass to somebody else, so such a
-- person stands apart from those known by their id.
select
    -- person
    'author' as record_kind,
    username as source_record_id,
    timestamp as seen_at,
    {{ identifier_list([['handle', 'instagram.username', 'lower(username)']]) }} as identifiers,

    -- event
    case when username is not null then 'social_mention' end as touchpoint_type,
    id as source_event_id,
    timestamp as occurred_at,
    'instagram' as channel,
    coalesce(media_id, case when media_type is not null then id end) as content_id,
    {{ clean_text('text') }} as intent_text,
    coalesce(media_id, id) as thread_id,
    13 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('instagram', 'mention') }}
