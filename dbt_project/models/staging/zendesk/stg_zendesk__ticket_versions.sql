select
    -- ids
    id as ticket_no,

    -- ticket
    lower(status) as status,
    coalesce(updated_at, created_at) as updated_at
from {{ source('zendesk_history', 'ticket') }}
