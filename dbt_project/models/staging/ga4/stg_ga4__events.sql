select
    -- ids
    event_key as message_id,
    user_pseudo_id as anonymous_id,
    null::text as linked_cookie_id,
    case when device_is_limited_ad_tracking is not true then {{ clean_text('device_advertising_id') }} end as device_id,
    user_id,
    null::text as previous_id,

    -- event
    case when event_name in ('page_view', 'screen_view') then 'page' else 'track' end as message_type,
    {{ event_words('event_name') }} as event_name,
    event_timestamp as occurred_at,
    param_page_location as page_url,
    substring(param_page_location from '^[a-z]+://[^/?#]+([^?#]*)') as page_path,
    {{ ga4_value(["items -> 0 ->> 'item_id'", 'param_item_id']) }} as product_id,
    {{ ga4_value(['ecommerce_transaction_id', 'param_transaction_id']) }} as order_reference,
    case
        when event_name = 'refund' then coalesce(ecommerce_refund_value::numeric(18, 2), {{ amount('param_value') }})
        else coalesce(ecommerce_purchase_revenue::numeric(18, 2), {{ amount('param_value') }})
    end as value_amount,
    upper({{ clean_text('param_currency') }}) as currency_code,

    -- source of the visit, as far as this event itself tells it
    {{ ga4_value(['collected_traffic_source_manual_campaign_name', 'param_campaign']) }} as campaign_name,
    lower({{ ga4_value(['collected_traffic_source_manual_source', 'param_source']) }}) as campaign_source,
    lower({{ ga4_value(['collected_traffic_source_manual_medium', 'param_medium']) }}) as campaign_medium,
    {{ clean_text('param_page_referrer') }} as referrer,
    {{ clean_text('coalesce(collected_traffic_source_gclid, collected_traffic_source_dclid, param_gclid)') }} as click_id,
    null::text as user_agent,
    null::boolean as is_bot,

    -- person: personal data is forbidden in GA4, and none is read
    null::text as email,
    null::text as phone,
    null::text as full_name,
    null::text as given_name,
    null::text as family_name,
    null::text as birth_date,
    null::text as address_line,
    null::text as city,
    null::text as postcode,
    null::text as region,
    null::text as country_code,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('ga4', 'event') }}
