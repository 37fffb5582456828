-- the list of those who get no mail; a profile that left it is described by its newer profile row
select
    'subscriber' as record_kind,
    id as source_record_id,
    coalesce({{ klaviyo_suppressed_at() }}, updated, created) as seen_at,
    'suppression ' || id as sighting_id,
    {{ clean_text('email') }} as email,
    {{ clean_cell('phone_number') }} as phone,
    'unsubscribed' as email_consent,
    {{ klaviyo_suppressed_at() }} as email_consent_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('klaviyo', 'suppression') }}
