select
    -- ids
    id as company_id,

    -- company; of a person's account the name is the person's, and is not read
    case when number_of_employees is not null or industry is not null or website is not null or annual_revenue is not null then {{ clean_text('name') }} end
        as company_name,
    {{ clean_text('industry') }} as industry,
    annual_revenue,
    number_of_employees,
    {{ clean_text('type') }} as account_type,
    coalesce({{ clean_text('billing_country_code') }}, {{ clean_text('billing_country') }}) as country,
    coalesce(system_modstamp, last_modified_date) as updated_at,

    -- metadata
    _is_deleted or master_record_id is not null as is_deleted,
    _changed_seq
from {{ source('salesforce', 'account') }}
