select
    -- ids
    id as comment_id,
    parent_id as parent_comment_id,
    media_id,
    coalesce(from_id, user_id) as author_id,
    {{ clean_text('coalesce(username, from_username)') }} as author_handle,

    -- event
    timestamp as commented_at,
    {{ clean_text('text') }} as comment_text,
    from_self_ig_scoped_id is not null as is_from_brand,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('instagram', 'comment') }}
