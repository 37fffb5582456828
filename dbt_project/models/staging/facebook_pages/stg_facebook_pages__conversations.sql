-- the thread tells who the other side is; what was written is in the messages
select
    -- person
    'social_profile' as record_kind,
    person_key as source_record_id,
    updated_time as seen_at,
    {{ clean_text('person_name') }} as full_name,
    {{ identifier_list([['social_id', 'facebook.psid', 'person_key', 'true']]) }} as identifiers,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_pages', 'conversation') }}
