select
    -- who; a contact carries its own id and the ids that were merged into it, so that all of them meet
    'contact'::text as record_kind,
    id as source_record_id,
    coalesce(updated_at, created_at) as seen_at,
    case when email !~* '@gdpr-forgotten\.' then {{ clean_text('email') }} end as email,
    coalesce({{ clean_cell('phone') }}, {{ clean_cell('mobile_phone') }}) as phone,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    {{ iso_date('birth_date') }} as birth_date,
    {{ clean_text('address') }} as address_line,
    {{ clean_text('city') }} as city,
    {{ clean_cell('postcode') }} as postcode,
    {{ clean_text('state') }} as region,
    {{ clean_text('country') }} as country_code,
    {{ clean_text('company') }} as company,
    coalesce({{ identifier_list([
        ['vendor_merge', 'hubspot.contact', 'id', 'true'],
        ['email', 'global', 'email_1'],
        ['phone', 'global', clean_cell('mobile_phone')],
    ]) }}, '[]'::jsonb)
    || {{ identifiers_split('vendor_merge', 'hubspot.contact', 'merged_object_ids', verified='true') }}
    || {{ identifiers_split('email', 'global', 'additional_emails') }} as identifiers,

    -- consent: having left all e-mail is known, not having left it is no consent
    case when is_email_opted_out then 'unsubscribed' end as email_consent,

    -- metadata; an erased person is gone
    _is_deleted or coalesce(email ~* '@gdpr-forgotten\.', false) as is_deleted,
    _changed_seq
from {{ source('hubspot', 'contact') }}
