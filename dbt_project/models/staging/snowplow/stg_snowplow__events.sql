with events as (
    select
        raw_events.*,
        raw_events.event_name as kind,
        raw_events.unstruct_event -> 'data' -> 'data' as body,
        coalesce({{ clean_text('raw_events.tr_orderid') }}, {{ clean_text('raw_events.ti_orderid') }}) as order_number
    from {{ source('snowplow', 'event') }} as raw_events
)

select
    -- ids
    event_id as message_id,
    domain_userid as anonymous_id,
    {{ clean_text('network_userid') }} as linked_cookie_id,
    null::text as device_id,
    user_id,
    null::text as previous_id,

    -- event: a structured one says its name in se_action, the e-commerce plug-in in its body
    case when event in ('page_view', 'screen_view') then 'page' else 'track' end as message_type,
    {{ event_words("case
        when event in ('struct', 'se') or kind = 'event' then " ~ clean_text('se_action') ~ "
        when kind = 'snowplow_ecommerce_action' then body ->> 'type'
        else coalesce(kind, event)
    end") }} as event_name,
    coalesce(true_tstamp, derived_tstamp, collector_tstamp) as occurred_at,
    {{ clean_text('page_url') }} as page_url,
    {{ clean_text('page_urlpath') }} as page_path,
    coalesce(
        {{ clean_text('ti_sku') }},
        body ->> 'sku',
        {{ snowplow_context('contexts', 'com.snowplowanalytics.snowplow.ecommerce/product', 'id') }}
    ) as product_id,
    coalesce(
        order_number,
        {{ snowplow_context('contexts', 'com.snowplowanalytics.snowplow.ecommerce/transaction', 'transaction_id') }},
        body ->> 'orderId'
    ) as order_reference,
    coalesce(
        {{ amount(clean_text('tr_total')) }},
        {{ amount(snowplow_context('contexts', 'com.snowplowanalytics.snowplow.ecommerce/transaction', 'revenue')) }}
    ) as value_amount,
    upper(coalesce(
        {{ clean_text('tr_currency') }},
        {{ snowplow_context('contexts', 'com.snowplowanalytics.snowplow.ecommerce/transaction', 'currency') }}
    )) as currency_code,

    -- source of the visit
    {{ clean_text('mkt_campaign') }} as campaign_name,
    lower({{ clean_text('mkt_source') }}) as campaign_source,
    lower({{ clean_text('mkt_medium') }}) as campaign_medium,
    {{ clean_text('page_referrer') }} as referrer,
    case when {{ clean_text('mkt_network') }} is not null then {{ clean_text('mkt_clickid') }} end as click_id,
    {{ clean_text('useragent') }} as user_agent,
    coalesce(
        lower(br_type) = 'robot'
        or {{ snowplow_context('derived_contexts', 'com.iab.snowplow/spiders_and_robots', 'spiderOrRobot') }} = 'true',
        false
    ) as is_bot,

    -- person: a user id may be an e-mail address, which the parts recognise
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
from events
