select
    -- ids
    stage_id,

    -- stage
    coalesce(closed_won, false) as is_won,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'deal_pipeline_stage') }}
