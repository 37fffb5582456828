select
    -- ids
    id as ticket_no,
    'zendesk:' || id as ticket_id,
    requester_id,
    {{ source_record_key("'zendesk'", "'support_user'", 'requester_id') }} as source_record_key,
    -- the order number is one of the custom fields: a number with a hash sign in front
    (
        select field.value ->> 'value'
        from jsonb_array_elements(case when jsonb_typeof(custom_fields) = 'array' then custom_fields else '[]'::jsonb end)
            with ordinality as field (value, position)
        where field.value ->> 'value' ~ '^#\d{3,}$'
        order by field.position
        limit 1
    ) as order_reference,

    -- ticket
    lower(via_channel) as via_channel,
    lower(via_source_rel) as via_source_rel,
    {{ clean_text('via_source_from_facebook_id') }} as source_facebook_id,
    {{ clean_text('via_source_from_id') }} as source_id,
    {{ clean_text('via_source_from_username') }} as source_username,
    {{ clean_text('via_source_from_phone') }} as source_phone,
    lower(status) as status,
    lower(priority) as priority,
    {{ join_text([clean_text('subject'), clean_text('description')]) }} as ticket_text,
    {{ clean_text('subject') }} as subject,
    {{ clean_text('description') }} as description,
    created_at as opened_at,
    coalesce(updated_at, created_at) as updated_at,
    -- an agent's answer goes back into the conversation it came from, or else out by e-mail
    coalesce(allow_channelback, false) or coalesce(from_messaging_channel, false) as answers_in_channel,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('zendesk', 'ticket') }}
