select
    -- person
    'subscriber' as record_kind,
    id as source_record_id,
    coalesce(updated, created) as seen_at,
    {{ clean_text('email') }} as email,
    {{ clean_cell('phone_number') }} as phone,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    {{ join_text([clean_text('address1'), clean_text('address2')], ', ') }} as address_line,
    {{ clean_text('city') }} as city,
    {{ clean_cell('zip') }} as postcode,
    {{ clean_text('region') }} as region,
    {{ two_letter_country('country') }} as country_code,
    {{ clean_text('organization') }} as company,
    email_double_optin as is_email_verified,
    case when email_suppressions @? 'lax $[*] ? (@.reason != null)' then 'unsubscribed' else {{ klaviyo_consent('email_consent') }} end as email_consent,
    coalesce({{ klaviyo_suppressed_at() }}, email_consent_at) as email_consent_at,
    {{ klaviyo_consent('sms_consent') }} as sms_consent,
    sms_consent_at,
    {{ identifier_list([
        ['vendor_merge', 'klaviyo.profile', 'id', 'true'],
        ['account_id', var('klaviyo_external_namespace') or 'klaviyo.external', 'external_id'],
        ['cookie_id', 'klaviyo.anonymous', 'anonymous_id'],
    ]) }} as identifiers,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('klaviyo', 'profile') }}
