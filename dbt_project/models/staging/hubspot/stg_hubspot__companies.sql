select
    -- ids
    id as company_id,

    -- company
    {{ clean_text('name') }} as company_name,
    {{ clean_text('industry') }} as industry,
    annual_revenue,
    {{ clean_text('country') }} as country,
    updated_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'company') }}
