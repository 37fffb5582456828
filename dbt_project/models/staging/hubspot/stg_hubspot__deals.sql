select
    -- ids
    id as deal_id,
    stage_id,

    -- deal
    -- of a stage that HubSpot does not ship its pipeline knows
    coalesce(is_closed_won, case when stage_id = 'closedwon' then true end) as is_won,
    coalesce(closed_at, updated_at, created_at) as closed_at,
    amount,
    upper({{ clean_text('currency_code') }}) as currency_code,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'deal') }}
