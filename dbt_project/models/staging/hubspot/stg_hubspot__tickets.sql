select
    -- ids
    id as ticket_no,
    'hubspot:' || id as ticket_id,

    -- ticket
    stage_id,
    {{ join_text([clean_text('subject'), clean_text('content')]) }} as ticket_text,
    {{ clean_text('subject') }} as subject,
    {{ clean_text('content') }} as description,
    substring({{ join_text([clean_text('subject'), clean_text('content')]) }} from '#\d{3,}\M') as order_reference,
    lower(priority) as priority,
    lower(source_type) as source_type,
    created_at as opened_at,
    closed_at as solved_at,
    first_agent_reply_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'ticket') }}
