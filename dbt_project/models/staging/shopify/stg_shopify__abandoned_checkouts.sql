select
    -- who: a checkout that became no order is a contact of its own
    'contact'::text as record_kind,
    id as source_record_id,
    coalesce(updated_at, created_at) as seen_at,
    {{ clean_text('email') }} as email,
    coalesce({{ clean_cell('phone') }}, {{ clean_cell('billing_phone') }}) as phone,
    coalesce({{ clean_text('billing_name') }}, {{ join_text([clean_text('billing_first_name'), clean_text('billing_last_name')]) }}) as full_name,
    {{ join_text([clean_text('billing_address1'), clean_text('billing_address2')]) }} as address_line,
    {{ clean_text('billing_city') }} as city,
    {{ clean_cell('billing_zip') }} as postcode,
    coalesce({{ clean_text('billing_province') }}, {{ clean_text('billing_province_code') }}) as region,
    coalesce({{ clean_text('billing_country_code') }}, {{ clean_text('billing_country') }}) as country_code,
    {{ identifier_list([
        ['account_id', 'shopify.customer', 'customer_id'],
        ['cookie_id', 'segment.anonymous', 'segment_client_id'],
    ]) }} as identifiers,

    -- what happened
    case when completed_at is null then 'checkout_abandoned' end as touchpoint_type,
    id as source_event_id,
    created_at as occurred_at,
    'web_shop'::text as channel,
    total_price as value_amount,
    upper({{ clean_text('currency') }}) as currency_code,
    39 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('shopify', 'abandoned_checkout') }}
