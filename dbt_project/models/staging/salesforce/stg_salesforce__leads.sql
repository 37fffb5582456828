select
    -- who; a converted lead is the contact that it became: the vendor says so
    'lead'::text as record_kind,
    id as source_record_id,
    coalesce(last_modified_date, system_modstamp, created_date) as seen_at,
    {{ clean_text('email') }} as email,
    coalesce({{ clean_cell('phone') }}, {{ clean_cell('mobile_phone') }}) as phone,
    coalesce({{ clean_text('name') }}, {{ join_text([clean_text('first_name'), clean_text('last_name')]) }}) as full_name,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    {{ clean_text('street') }} as address_line,
    {{ clean_text('city') }} as city,
    {{ clean_cell('postal_code') }} as postcode,
    coalesce({{ clean_text('state') }}, {{ clean_text('state_code') }}) as region,
    coalesce({{ clean_text('country_code') }}, {{ clean_text('country') }}) as country_code,
    {{ clean_text('company') }} as company,
    {{ identifier_list([
        ['vendor_merge', 'salesforce.record', 'id', 'true'],
        ['vendor_merge', 'salesforce.record', 'master_record_id', 'true'],
        ['vendor_merge', 'salesforce.record', 'converted_contact_id', 'true'],
        ['phone', 'global', clean_cell('mobile_phone')],
    ]) }} as identifiers,
    case when has_opted_out_of_email then 'unsubscribed' end as email_consent,

    -- what happened; who stands on a list that was bought has asked for nothing
    case when lower(coalesce(lead_source, '')) not like '%purchased%' then 'lead_submitted' end as touchpoint_type,
    id as source_event_id,
    created_date as occurred_at,
    case when lower(lead_source) like '%web%' then 'web_site' when lower(lead_source) like '%phone%' then 'phone' else 'sales' end as channel,
    20 as source_priority,

    -- metadata
    _is_deleted and master_record_id is null as is_deleted,
    _changed_seq
from {{ source('salesforce', 'lead') }}
