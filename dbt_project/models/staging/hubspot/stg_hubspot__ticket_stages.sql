select
    -- ids
    stage_id,

    -- stage
    coalesce(is_closed or ticket_state = 'CLOSED', false) as is_closed,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'ticket_pipeline_stage') }}
