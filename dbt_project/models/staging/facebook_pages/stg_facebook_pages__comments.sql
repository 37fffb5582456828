-- what the page answers in public is a touchpoint of the person it answers; a comment without its author names nobody
select
    -- person
    'social_profile' as record_kind,
    person_key as source_record_id,
    created_time as seen_at,
    case when not is_from_page then {{ clean_text('from_name') }} end as full_name,
    {{ identifier_list([['social_id', 'facebook.psid', 'person_key', 'true']]) }} as identifiers,

    -- event
    case when person_key is not null then case when is_from_page then 'social_reply_sent' else 'social_comment' end end as touchpoint_type,
    id as source_event_id,
    created_time as occurred_at,
    'facebook' as channel,
    post_id as content_id,
    case when not is_from_page then {{ clean_text('message') }} end as intent_text,
    -- what the page says without answering a comment answers the post: a visitor's
    coalesce(parent_id, case when is_from_page then post_id end, id) as thread_id,
    parent_id as parent_event_id,
    case when is_from_page then 11 else 10 end as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_pages', 'comment') }}
