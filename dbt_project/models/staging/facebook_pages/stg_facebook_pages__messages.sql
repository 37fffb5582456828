-- the e-mail of a sender is the page-scoped id in disguise (<id>@facebook.com) and is not read
select
    -- person
    'social_profile' as record_kind,
    person_key as source_record_id,
    created_time as seen_at,
    {{ clean_text('person_name') }} as full_name,
    {{ identifier_list([['social_id', 'facebook.psid', 'person_key', 'true']]) }} as identifiers,

    -- event
    case when person_key is not null then case when is_from_page then 'direct_message_sent' else 'direct_message_received' end end
        as touchpoint_type,
    id as source_event_id,
    created_time as occurred_at,
    'facebook' as channel,
    case when not is_from_page then {{ clean_text('message') }} end as intent_text,
    coalesce(conversation_id, person_key) as thread_id,
    12 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_pages', 'message') }}
