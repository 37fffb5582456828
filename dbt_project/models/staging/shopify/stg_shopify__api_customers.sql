-- a customer account as the API or a warehouse extract gives it; the columns of stg_shopify__customers, and more
select
    -- ids
    'id:' || id as customer_key,
    id as customer_id,
    {{ source_record_key("'shopify'", "'account'", "'id:' || id") }} as source_record_key,
    substring(tags from '(?i)\mpos:\s*(\d+)') as till_customer_id,

    -- person
    {{ clean_text('email') }} as email,
    coalesce({{ clean_cell('phone') }}, {{ clean_cell('default_address_phone') }}) as phone,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    {{ join_text([clean_text('default_address_address1'), clean_text('default_address_address2')]) }} as address_line,
    {{ clean_text('default_address_city') }} as city,
    {{ clean_cell('default_address_zip') }} as postcode,
    coalesce({{ clean_text('default_address_province') }}, {{ clean_text('default_address_province_code') }}) as region,
    coalesce({{ clean_text('default_address_country_code') }}, {{ clean_text('default_address_country') }}) as country_code,
    {{ clean_text('default_address_company') }} as company,
    verified_email as is_email_verified,

    -- consent: who never subscribed has refused nothing
    case
        when lower(email_marketing_consent_state) in ('subscribed', 'unsubscribed') then lower(email_marketing_consent_state)
        when email_marketing_consent_state is null and accepts_marketing then 'subscribed'
    end as email_consent,
    case when lower(sms_marketing_consent_state) in ('subscribed', 'unsubscribed') then lower(sms_marketing_consent_state) end as sms_consent,
    coalesce(email_marketing_consent_updated_at, accepts_marketing_updated_at) as email_consent_at,
    sms_marketing_consent_updated_at as sms_consent_at,
    created_at,
    updated_at,

    -- metadata
    _is_deleted as is_deleted,
    _export_date,
    _changed_seq
from {{ source('shopify', 'customer') }}
