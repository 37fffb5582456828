{{ config(materialized='ephemeral') }}

with intents as (
    {{ intent_patterns() }}
),

changed as (
    select ticket_no
    from {{ ref('stg_zendesk__tickets') }}
    where {{ changed_since('zendesk', 'ticket', into='int_touchpoints') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__satisfaction_ratings') }}
    where ticket_no is not null and {{ changed_since('zendesk', 'satisfaction_rating', into='int_touchpoints') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__ticket_statuses') }}
    where {{ changed_since('zendesk', 'ticket_field_history', into='int_touchpoints') }}
),

tickets as (
    select tickets.*
    from changed
    inner join {{ ref('int_tickets') }} as tickets on changed.ticket_no = tickets.source_ticket_id and tickets.source_platform = 'zendesk'
),

-- messages of changed tickets, since the person of a conversation stands on its ticket, and changed messages
conversations as (
    select ticket_no from changed
    union
    select ticket_no
    from {{ ref('stg_zendesk__ticket_comments') }}
    where {{ changed_since('zendesk', 'ticket_comment', into='int_touchpoints') }}
),

messages as (
    select
        comments.ticket_comment_id,
        comments.is_public,
        comments.comment_text,
        comments.created_at,
        comments.is_deleted or tickets.is_deleted as is_deleted,
        tickets.source_record_key,
        tickets.origin_channel,
        tickets.order_id,
        tickets.ticket_id,
        comments.author_record_key = tickets.source_record_key as is_by_requester,
        -- the first message is the ticket itself
        comments.author_record_key = tickets.source_record_key and comments.created_at <= tickets.opened_at + interval '1 minute' as is_opening
    from conversations
    inner join {{ ref('stg_zendesk__ticket_comments') }} as comments on conversations.ticket_no = comments.ticket_no
    inner join {{ ref('int_tickets') }} as tickets on comments.ticket_no = tickets.source_ticket_id and tickets.source_platform = 'zendesk'
    where comments.author_id is not null and comments.created_at is not null
),

moments as (
    select
        'ticket'::text as source_object,
        tickets.source_ticket_id as source_event_id,
        tickets.source_record_key,
        moment.touchpoint_type,
        coalesce(moment.occurred_at, tickets.opened_at) as occurred_at,
        tickets.origin_channel as channel,
        tickets.order_id,
        tickets.ticket_id,
        moment.intent,
        moment.source_priority,
        moment.occurred_at is null or tickets.is_deleted as is_deleted
    from tickets
    cross join lateral {{ ticket_moments() }}
    union all
    -- an offer becomes a rating when it is answered
    select
        'satisfaction_rating',
        ratings.satisfaction_rating_id,
        coalesce(tickets.source_record_key, ratings.source_record_key),
        kind.touchpoint_type,
        ratings.rated_at,
        coalesce(tickets.origin_channel, 'support_web'),
        tickets.order_id,
        tickets.ticket_id,
        case when kind.touchpoint_type = 'satisfaction_rated' then case ratings.score when 'good' then 'praise' when 'bad' then 'complaint' end end,
        32,
        ratings.is_deleted
        or coalesce(tickets.is_deleted, false)
        or kind.touchpoint_type <> case
            when ratings.score in ('good', 'bad') then 'satisfaction_rated'
            when ratings.score = 'offered' then 'satisfaction_asked'
            else 'none'
        end
    from changed
    inner join {{ ref('stg_zendesk__satisfaction_ratings') }} as ratings on changed.ticket_no = ratings.ticket_no
    left join tickets on ratings.ticket_no = tickets.source_ticket_id
    cross join (values ('satisfaction_asked'), ('satisfaction_rated')) as kind (touchpoint_type)
    union all
    -- what the requester writes, and what others write to them: agents, their machines, seldom somebody in copy
    select
        'ticket_comment',
        messages.ticket_comment_id,
        messages.source_record_key,
        kind.touchpoint_type,
        messages.created_at,
        messages.origin_channel,
        messages.order_id,
        messages.ticket_id,
        case when kind.is_received then {{ intent_of('messages.comment_text') }} end,
        33,
        messages.is_deleted or not messages.is_public or messages.is_opening or messages.is_by_requester <> kind.is_received
    from messages
    cross join (values ('direct_message_received', true), ('direct_message_sent', false)) as kind (touchpoint_type, is_received)
)

select
    {{ touchpoint_key("'zendesk'", 'touchpoint_type', 'source_event_id') }} as touchpoint_id,
    'zendesk'::text as source_platform,
    source_object,
    source_event_id,
    source_record_key,
    touchpoint_type,
    occurred_at,
    channel,
    null::text as campaign,
    null::text as content_id,
    order_id,
    ticket_id,
    intent,
    null::numeric(18, 2) as value_amount,
    null::text as currency_code,
    source_priority::smallint as source_priority,
    false as is_bot,
    is_deleted
from moments
where source_record_key is not null
