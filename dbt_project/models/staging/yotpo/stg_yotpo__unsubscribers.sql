-- without a time, so no event; what a person refused in one place counts against e-mail as a whole
select
    'reviewer' as record_kind,
    reviewer_id as source_record_id,
    'unsubscriber ' || id as sighting_id,
    {{ clean_text('user_email') }} as email,
    'unsubscribed' as email_consent,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('yotpo', 'unsubscriber') }}
