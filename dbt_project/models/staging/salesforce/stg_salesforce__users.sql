select
    -- colleagues; the users of a customer portal are contacts
    'account'::text as record_kind,
    case when contact_id is null then id end as source_record_id,
    last_login_date as seen_at,
    {{ clean_text('email') }} as email,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    true as is_internal,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('salesforce', 'user') }}
