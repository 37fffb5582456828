select
    -- ids
    ticket_id as ticket_no,

    -- stage of the pipeline that the ticket got, and when
    value as stage_id,
    timestamp_instant as changed_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'ticket_property_history') }}
where name = 'hs_pipeline_stage'
