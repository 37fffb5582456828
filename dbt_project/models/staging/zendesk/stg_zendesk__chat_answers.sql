-- what the brand did in a chat, beside what stg_zendesk__chats tells of the visitor
select
    -- ids
    id as chat_id,
    zendesk_ticket_id as ticket_no,

    -- answers
    case
        when jsonb_typeof(history) = 'array' then (
            select count(*)
            from jsonb_array_elements(history) as entry
            where entry.value ->> 'type' = 'chat.msg' and entry.value ->> 'sender_type' = 'Agent'
        )
    end as agent_message_count,
    (
        select min((entry.value ->> 'timestamp')::timestamptz)
        from jsonb_array_elements(case when jsonb_typeof(history) = 'array' then history else '[]'::jsonb end) as entry
        where
            entry.value ->> 'type' = 'chat.msg' and entry.value ->> 'sender_type' = 'Agent'
            and entry.value ->> 'timestamp' ~ '^\d{4}-\d{2}-\d{2}T\d{2}:'
    ) as first_answered_at,

    -- rating, given when the chat ended
    case lower(rating) when 'good' then 'good' when 'bad' then 'bad' end as score,
    coalesce(update_timestamp, timestamp) as rated_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'chat') }}
