{{ config(materialized='ephemeral') }}

-- What the brand answers comes without its words: only when it answered is asked.
with changed as (
    {{ changed_sightings([
        'record_kind', 'source_record_id', 'touchpoint_type', 'source_event_id', 'occurred_at', 'content_id', 'intent_text', 'message_text',
        'message_title', 'thread_id', 'parent_event_id', 'author_followers', 'reach', 'star_rating', 'is_verified_buyer',
        'product_reference', 'answered_at', 'is_deleted',
    ], into='int_messages', needing=['intent_text', 'message_text']) }}
),

events as (
    select
        changed.*,
        {{ touchpoint_key('source_platform', 'touchpoint_type', 'source_event_id') }} as touchpoint_id,
        {{ source_record_key('source_platform', 'record_kind', 'source_record_id') }} as source_record_key,
        coalesce(touchpoint_type in ('social_reply_sent', 'direct_message_sent'), false) as is_from_brand,
        coalesce(message_text, intent_text) as written
    from changed
)

select
    touchpoint_id,
    source_platform,
    source_object,
    source_event_id,
    source_record_key,
    occurred_at as written_at,
    is_from_brand,
    case when not is_from_brand then written end as message_text,
    case when not is_from_brand then nullif(message_title, written) end as message_title,
    case when not is_from_brand then {{ hashtags_of('written') }} end as hashtags,
    coalesce(thread_id, source_event_id) as thread_id,
    parent_event_id,
    content_id,
    author_followers,
    reach,
    star_rating,
    is_verified_buyer,
    product_reference,
    answered_at,
    -- stars without words are a message too
    is_deleted or (written is null and star_rating is null and not is_from_brand) as is_deleted
from events
where touchpoint_id is not null and source_record_key is not null and occurred_at is not null
{%- if not reads_everything('int_messages') %}
union all
-- an event that became one of another type, or none at all
select
    stored_messages.touchpoint_id,
    {%- for column in message_columns() %}
    {% if column == 'is_deleted' %}true{% else %}stored_messages.{{ column }}{% endif %}{% if not loop.last %},{% endif %}
    {%- endfor %}
from events
inner join {{ stored('int_messages') }} as stored_messages
    on
        events.source_event_id = stored_messages.source_event_id
        and events.source_platform = stored_messages.source_platform
        and events.source_object = stored_messages.source_object
where
    not stored_messages.is_deleted
    and (
        events.touchpoint_id is distinct from stored_messages.touchpoint_id
        or events.source_record_key is null
        or events.occurred_at is null
    )
{%- endif %}
