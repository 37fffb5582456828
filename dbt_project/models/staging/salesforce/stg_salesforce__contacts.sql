select
    -- who; one that was merged away stays, and meets its survivor by the survivor's id
    'contact'::text as record_kind,
    id as source_record_id,
    coalesce(last_modified_date, system_modstamp, created_date) as seen_at,
    {{ clean_text('email') }} as email,
    coalesce({{ clean_cell('phone') }}, {{ clean_cell('mobile_phone') }}, {{ clean_cell('home_phone') }}) as phone,
    coalesce({{ clean_text('name') }}, {{ join_text([clean_text('first_name'), clean_text('last_name')]) }}) as full_name,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    birthdate as birth_date,
    {{ clean_text('mailing_street') }} as address_line,
    {{ clean_text('mailing_city') }} as city,
    {{ clean_cell('mailing_postal_code') }} as postcode,
    coalesce({{ clean_text('mailing_state') }}, {{ clean_text('mailing_state_code') }}) as region,
    coalesce({{ clean_text('mailing_country_code') }}, {{ clean_text('mailing_country') }}) as country_code,
    {{ identifier_list([
        ['vendor_merge', 'salesforce.record', 'id', 'true'],
        ['vendor_merge', 'salesforce.record', 'master_record_id', 'true'],
        ['phone', 'global', clean_cell('mobile_phone')],
        ['phone', 'global', clean_cell('home_phone')],
    ]) }} as identifiers,

    -- consent: having left all e-mail is known, not having left it is no consent
    case when has_opted_out_of_email then 'unsubscribed' end as email_consent,

    -- metadata
    _is_deleted and master_record_id is null as is_deleted,
    _changed_seq
from {{ source('salesforce', 'contact') }}
