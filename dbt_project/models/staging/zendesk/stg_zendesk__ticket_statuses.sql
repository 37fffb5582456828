select
    -- ids
    ticket_id as ticket_no,

    -- what the ticket's state became, and when
    lower(value) as status,
    updated as changed_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'ticket_field_history') }}
where field_name = 'status'
