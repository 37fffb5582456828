select
    -- colleagues, never customers
    'account'::text as record_kind,
    id as source_record_id,
    coalesce(updated_at, created_at) as seen_at,
    {{ clean_text('email') }} as email,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    true as is_internal,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'owner') }}
