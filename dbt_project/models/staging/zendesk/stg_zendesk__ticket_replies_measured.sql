select
    -- ids
    id as metric_event_id,
    ticket_id as ticket_no,

    -- the help desk's own measurement of replies: instance 1 is the first
    time as replied_at,

    -- metadata
    _is_deleted or coalesce(deleted, false) as is_deleted,
    _changed_seq
from {{ source('zendesk', 'ticket_metric_event') }}
where metric = 'reply_time' and type = 'fulfill'
