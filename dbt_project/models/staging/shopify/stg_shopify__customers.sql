select
    -- ids
    customer_key,
    {{ clean_cell('customer_id') }} as customer_id,
    {{ source_record_key("'shopify'", "'account'", 'customer_key') }} as source_record_key,
    -- a till account that the shop noted on the customer, as `pos:12346`
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

    -- consent
    case when accepts_email_marketing then 'subscribed' when not accepts_email_marketing then 'unsubscribed' end as email_consent,
    case when accepts_sms_marketing then 'subscribed' when not accepts_sms_marketing then 'unsubscribed' end as sms_consent,

    -- metadata
    _is_deleted as is_deleted,
    _export_date,
    _changed_seq
from {{ source('shopify', 'customers_export') }}
