-- What an event is stands on its metric. Names of metrics are not unique: seeds/klaviyo_metrics.csv tells them by who sends them.
-- The sender's own id of an order event is the order; of a mail event it is the mail.
with events as (
    select
        events.*,
        metrics._changed_seq as look_up_seq,
        lower(btrim(coalesce(metrics.name, events.metric_name, nullif(events.type, 'event')))) as event_name,
        case
            when metrics.integration_key = 'klaviyo' or metrics.integration_category = 'Internal' then 'vendor'
            when metrics.integration_key = 'api' or metrics.integration_category = 'API' then 'api'
            when metrics.integration_category ~* '^e-?commerce$' then 'shop'
        end as sender
    from {{ source('klaviyo', 'event') }} as events
    left join {{ source('klaviyo', 'metric') }} as metrics on events.metric_id = metrics.id
),

named as (
    select
        events.*,
        case
            when own.metric_name is not null then own.touchpoint_type
            when general.metric_name is not null then general.touchpoint_type
            when events.event_name is not null then 'web_other'
        end as touchpoint_type,
        coalesce(own.channel, general.channel, 'web_shop') as channel,
        coalesce(own.is_about_an_order, general.is_about_an_order, false) and events.event_reference ~ '^#?[A-Za-z0-9-]{1,20}$' as is_about_an_order,
        coalesce(events.datetime, events.timestamp) as occurred_at
    from events
    left join {{ ref('klaviyo_metrics') }} as own on events.event_name = own.metric_name and events.sender = own.sender
    left join {{ ref('klaviyo_metrics') }} as general on events.event_name = general.metric_name and general.sender is null
)

select
    -- person
    'subscriber' as record_kind,
    profile_id as source_record_id,
    occurred_at as seen_at,
    case when touchpoint_type = 'opt_out' and channel = 'email' then 'unsubscribed' end as email_consent,
    case when touchpoint_type = 'opt_out' and channel = 'email' then occurred_at end as email_consent_at,
    case when touchpoint_type = 'opt_out' and channel = 'sms' then 'unsubscribed' end as sms_consent,
    case when touchpoint_type = 'opt_out' and channel = 'sms' then occurred_at end as sms_consent_at,
    case when is_about_an_order then {{ identifier_list(order_identifiers('event_reference')) }} end as identifiers,

    -- event
    touchpoint_type,
    id as source_event_id,
    occurred_at,
    channel,
    coalesce({{ clean_text('campaign_name') }}, campaign_id, flow_id) as campaign,
    coalesce(message_id, product_id) as content_id,
    case when is_about_an_order then event_reference end as order_reference,
    case when touchpoint_type = 'direct_message_received' then message_body end as intent_text,
    case when is_about_an_order and value ~ '^-?\d{1,12}(\.\d+)?$' then value::numeric(18, 2) end as value_amount,
    case when is_about_an_order then upper(currency_code) end as currency_code,
    30 as source_priority,
    coalesce(
        machine_open or (touchpoint_type = 'email_open' and concat_ws(' ', client_type, client_name) ~* '(\mproxy\M|googleimageproxy|google image cache)'),
        false
    ) as is_bot,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq,
    look_up_seq
from named
