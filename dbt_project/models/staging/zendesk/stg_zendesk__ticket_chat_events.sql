select
    -- ids
    chat_id,
    actor_id,

    -- event; a machine writes as __system or __trigger
    lower(type) like '%message%' and actor_id !~ '^__' as is_message,
    actor_id ~ '^agent:' as is_from_agent,
    created_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'ticket_chat_event') }}
