-- what a visitor writes on the page; posts of the page itself are content and name nobody
select
    -- person
    'social_profile' as record_kind,
    person_key as source_record_id,
    created_time as seen_at,
    {{ clean_text('from_name') }} as full_name,
    {{ identifier_list([['social_id', 'facebook.psid', 'person_key', 'true']]) }} as identifiers,

    -- event
    case when person_key is not null then 'social_mention' end as touchpoint_type,
    id as source_event_id,
    created_time as occurred_at,
    'facebook' as channel,
    id as content_id,
    {{ clean_text('message') }} as intent_text,
    20 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_pages', 'post') }}
