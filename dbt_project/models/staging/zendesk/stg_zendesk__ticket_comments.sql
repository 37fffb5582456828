select
    -- ids
    id as ticket_comment_id,
    ticket_id as ticket_no,
    author_id,
    {{ source_record_key("'zendesk'", "'support_user'", 'author_id') }} as author_record_key,

    -- message; what agents note for each other is no message
    coalesce(public, true) as is_public,
    coalesce({{ clean_text('plain_body') }}, {{ clean_text('body') }}) as comment_text,
    created_at,
    -- rules of the help desk write as nobody in particular
    author_id = '-1' or lower(via ->> 'channel') in ('rule', 'system') as is_from_machine,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'ticket_comment') }}
