select
    -- who: a browser in front of the chat window, with what its user wrote there; the help desk's user where it knows one
    'cookie'::text as record_kind,
    coalesce(visitor_id, id) as source_record_id,
    coalesce(timestamp, update_timestamp) as seen_at,
    case when visitor_name !~* '^visitor\s+\d+$' then {{ clean_text('visitor_name') }} end as full_name,
    {{ clean_text('visitor_email') }} as email,
    {{ clean_cell('visitor_phone') }} as phone,
    {{ identifier_list([
        ['vendor_merge', 'zendesk.user', 'user_id', 'true'],
        ['cookie_id', 'zendesk.visitor', 'visitor_id'],
    ]) }} as identifiers,

    -- what happened; a warehouse extract has no time of a chat but in its events, and its tickets tell of it
    case when timestamp is not null then 'chat_started' end as touchpoint_type,
    id as source_event_id,
    timestamp as occurred_at,
    'support_chat'::text as channel,
    'zendesk:' || zendesk_ticket_id as ticket_id,
    coalesce(
        {{ clean_text('message') }},
        (
            select string_agg(entry.value ->> 'msg', ' ' order by entry.position)
            from jsonb_array_elements(case when jsonb_typeof(history) = 'array' then history else '[]'::jsonb end)
                with ordinality as entry (value, position)
            where entry.value ->> 'type' = 'chat.msg' and entry.value ->> 'sender_type' = 'Visitor'
        )
    ) as intent_text,
    coalesce(zendesk_ticket_id, id) as thread_id,
    30 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'chat') }}
