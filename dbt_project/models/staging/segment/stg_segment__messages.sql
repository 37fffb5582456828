select
    -- ids
    message_id,
    {{ clean_text('anonymous_id') }} as anonymous_id,
    null::text as linked_cookie_id,
    null::text as device_id,
    {{ clean_text('user_id') }} as user_id,
    {{ clean_text('previous_id') }} as previous_id,

    -- event
    lower(type) as message_type,
    btrim(lower(regexp_replace(event, '[^a-zA-Z0-9]+', ' ', 'g'))) as event_name,
    coalesce(timestamp, received_at) as occurred_at,
    coalesce(properties_url, context_page_url) as page_url,
    coalesce(properties_path, context_page_path) as page_path,
    -- what was seen: a product, or the variant of a split test
    coalesce(properties_product_id, properties_sku, properties_experiment_id || ':' || properties_variation) as product_id,
    {{ clean_text('properties_order_id') }} as order_reference,
    case when properties_total ~ '^-?\d{1,12}(\.\d+)?$' then properties_total::numeric(18, 2)
        when properties_revenue ~ '^-?\d{1,12}(\.\d+)?$' then properties_revenue::numeric(18, 2)
        when properties_value ~ '^-?\d{1,12}(\.\d+)?$' then properties_value::numeric(18, 2)
    end as value_amount,
    upper({{ clean_text('properties_currency') }}) as currency_code,

    -- source of the visit
    {{ clean_text('context_campaign_name') }} as campaign_name,
    lower({{ clean_text('context_campaign_source') }}) as campaign_source,
    lower({{ clean_text('context_campaign_medium') }}) as campaign_medium,
    {{ clean_text('coalesce(properties_referrer, context_page_referrer)') }} as referrer,
    null::text as click_id,
    context_user_agent as user_agent,
    null::boolean as is_bot,

    -- person
    {{ clean_text('coalesce(traits_email, properties_email)') }} as email,
    {{ clean_cell('traits_phone') }} as phone,
    {{ clean_text('traits_name') }} as full_name,
    {{ clean_text('traits_first_name') }} as given_name,
    {{ clean_text('traits_last_name') }} as family_name,
    case when traits_birthday ~ '^\d{4}-\d{2}-\d{2}' then left(traits_birthday, 10) end as birth_date,
    {{ clean_text('traits_address_street') }} as address_line,
    {{ clean_text('traits_address_city') }} as city,
    {{ clean_cell('traits_address_postal_code') }} as postcode,
    {{ clean_text('traits_address_state') }} as region,
    {{ clean_text('traits_address_country') }} as country_code,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('segment', 'message') }}
