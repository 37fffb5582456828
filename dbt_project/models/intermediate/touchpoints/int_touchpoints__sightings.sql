{{ config(materialized='ephemeral') }}

with intents as (
    {{ intent_patterns() }}
),

changed as (
    {{ changed_sightings([
        'record_kind', 'source_record_id', 'touchpoint_type', 'source_event_id', 'occurred_at', 'channel', 'campaign', 'content_id',
        'order_reference', 'ticket_id', 'intent', 'intent_text', 'value_amount', 'currency_code', 'source_priority', 'is_bot', 'is_deleted',
    ], into='int_touchpoints') }}
),

events as (
    select
        changed.*,
        {{ touchpoint_key('source_platform', 'touchpoint_type', 'source_event_id') }} as touchpoint_id,
        {{ source_record_key('source_platform', 'record_kind', 'source_record_id') }} as source_record_key
    from changed
)

select
    touchpoint_id,
    source_platform,
    source_object,
    source_event_id,
    source_record_key,
    touchpoint_type,
    occurred_at,
    coalesce(channel, 'other') as channel,
    campaign,
    content_id,
    {{ order_reference('order_reference') }} as order_id,
    ticket_id,
    coalesce(intent, {{ intent_of('intent_text') }}) as intent,
    value_amount,
    currency_code,
    coalesce(source_priority, 25)::smallint as source_priority,
    coalesce(is_bot, false) as is_bot,
    is_deleted
from events
where touchpoint_id is not null and source_record_key is not null and occurred_at is not null
{%- if not reads_everything('int_touchpoints') %}
union all
-- an event that became one of another type, or none at all
select
    stored_events.touchpoint_id,
    stored_events.source_platform,
    stored_events.source_object,
    stored_events.source_event_id,
    stored_events.source_record_key,
    stored_events.touchpoint_type,
    stored_events.occurred_at,
    stored_events.channel,
    stored_events.campaign,
    stored_events.content_id,
    stored_events.order_id,
    stored_events.ticket_id,
    stored_events.intent,
    stored_events.value_amount,
    stored_events.currency_code,
    stored_events.source_priority,
    stored_events.is_bot,
    true
from events
inner join {{ stored('int_touchpoints') }} as stored_events
    on
        events.source_event_id = stored_events.source_event_id
        and events.source_platform = stored_events.source_platform
        and events.source_object = stored_events.source_object
where
    not stored_events.is_deleted
    and (
        events.touchpoint_id is distinct from stored_events.touchpoint_id
        or events.source_record_key is null
        or events.occurred_at is null
    )
{%- endif %}
