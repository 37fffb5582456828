select
    -- ids
    id as user_identity_id,
    user_id,
    {{ source_record_key("'zendesk'", "'support_user'", 'user_id') }} as source_record_key,

    -- address
    lower(type) as identity_type,
    {{ clean_text('value') }} as identity_value,
    coalesce(verified, false) as is_verified,
    created_at,
    updated_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'user_identity') }}
