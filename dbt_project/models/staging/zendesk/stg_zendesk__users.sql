select
    -- ids
    id as user_id,
    {{ source_record_key("'zendesk'", "'support_user'", 'id') }} as source_record_key,
    {{ clean_text('external_id') }} as external_id,

    -- person; calls name the requester `Caller +1 (...)`: a number, not a name
    case when name !~* '^caller\s' and name !~* '^permanently deleted' then {{ clean_text('name') }} end as full_name,
    {{ clean_text('email') }} as email,
    coalesce({{ clean_cell('phone') }}, {{ clean_cell("substring(name from '(?i)^caller\s+(\+?[\d\s()-]+)$')") }}) as phone,
    shared_phone_number as is_phone_shared,
    verified as is_email_verified,
    coalesce(role, 'end-user') <> 'end-user' as is_internal,

    -- times
    created_at,
    updated_at,
    last_login_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'user') }}
