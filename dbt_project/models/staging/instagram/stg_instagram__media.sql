select
    -- ids
    id as media_id,
    owner_id,
    {{ clean_text('username') }} as owner_handle,

    -- content
    media_type,
    media_product_type,
    timestamp as published_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('instagram', 'media') }}
