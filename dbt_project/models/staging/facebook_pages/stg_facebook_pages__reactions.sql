-- the edge tells no time: noon of the day on which the reaction was first seen stands for it
select
    -- person
    'social_profile' as record_kind,
    person_key as source_record_id,
    (first_seen_on + interval '12 hours') at time zone 'UTC' as seen_at,
    {{ clean_text('name') }} as full_name,
    {{ identifier_list([['social_id', 'facebook.psid', 'person_key', 'true']]) }} as identifiers,

    -- event
    case when person_key is not null then 'social_reaction' end as touchpoint_type,
    post_id || ':' || person_id as source_event_id,
    (first_seen_on + interval '12 hours') at time zone 'UTC' as occurred_at,
    'facebook' as channel,
    post_id as content_id,
    9 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_pages', 'reaction') }}
