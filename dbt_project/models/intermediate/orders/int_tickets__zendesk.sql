{{ config(materialized='ephemeral') }}

with intents as (
    {{ intent_patterns() }}
),

changed as (
    select ticket_no
    from {{ ref('stg_zendesk__tickets') }}
    where {{ changed_since('zendesk', 'ticket', into='int_tickets') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__satisfaction_ratings') }}
    where ticket_no is not null and {{ changed_since('zendesk', 'satisfaction_rating', into='int_tickets') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__ticket_comments') }}
    where ticket_no is not null and {{ changed_since('zendesk', 'ticket_comment', into='int_tickets') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__chat_answers') }}
    where ticket_no is not null and {{ changed_since('zendesk', 'chat', into='int_tickets') }}
    union
    select chats.ticket_no
    from {{ ref('stg_zendesk__ticket_chat_events') }} as events
    inner join {{ ref('stg_zendesk__chat_answers') }} as chats on events.chat_id = chats.chat_id
    where chats.ticket_no is not null and {{ changed_since('zendesk', 'ticket_chat_event', into='int_tickets', column='events._changed_seq') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__ticket_replies_measured') }}
    where ticket_no is not null and {{ changed_since('zendesk', 'ticket_metric_event', into='int_tickets') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__ticket_statuses') }}
    where {{ changed_since('zendesk', 'ticket_field_history', into='int_tickets') }}
),

tickets as (
    select
        tickets.*,
        case
            when tickets.via_channel in ('facebook', 'twitter', 'instagram_dm', 'any_channel', 'whatsapp', 'native_messaging') then 'support_social'
            when tickets.via_channel in ('voice', 'phone') then 'support_phone'
            when tickets.via_channel = 'chat' then 'support_chat'
            when tickets.via_channel = 'email' then 'support_email'
            else 'support_web'
        end as origin_channel,
        case
            when tickets.via_channel = 'instagram_dm' then 'instagram'
            when tickets.via_channel = 'facebook' then 'facebook'
            when tickets.via_channel in ('twitter', 'any_channel', 'whatsapp', 'native_messaging') then 'social_other'
        end as social_network
    from changed
    inner join {{ ref('stg_zendesk__tickets') }} as tickets on changed.ticket_no = tickets.ticket_no
),

-- states of a ticket in order: exact where the help desk's own history is exported, else as the nightly versions show them
histories as (
    select
        statuses.ticket_no,
        statuses.status,
        statuses.changed_at
    from changed
    inner join {{ ref('stg_zendesk__ticket_statuses') }} as statuses on changed.ticket_no = statuses.ticket_no
    where not statuses.is_deleted
),

states as (
    select * from histories
    union all
    select
        versions.ticket_no,
        versions.status,
        versions.updated_at
    from (
        select tickets.ticket_no, tickets.status, tickets.updated_at
        from tickets
        union
        select earlier.ticket_no, earlier.status, earlier.updated_at
        from changed
        inner join {{ ref('stg_zendesk__ticket_versions') }} as earlier on changed.ticket_no = earlier.ticket_no
    ) as versions
    where not exists (select 1 from histories where versions.ticket_no = histories.ticket_no)
),

moves as (
    select
        states.*,
        status in ('solved', 'closed') as is_solved,
        lag(status in ('solved', 'closed'), 1, false) over in_order as was_solved,
        row_number() over in_order = count(*) over (partition by ticket_no) as is_last
    from states
    where status is not null and changed_at is not null
    window in_order as (partition by ticket_no order by changed_at, status in ('solved', 'closed'), status = 'closed', status)
),

-- the change that made it solved dates a solution: later touches move updated_at on
solutions as (
    select
        ticket_no,
        min(changed_at) filter (where is_solved) as first_solved_at,
        case when bool_or(is_solved and is_last) then max(changed_at) filter (where is_solved and not was_solved) end as solved_at,
        (count(*) filter (where was_solved and not is_solved))::integer as reopened_count
    from moves
    group by 1
),

-- who wrote what and when: messages of the ticket, of its chat (as events, or as one history)
comments as (
    select
        tickets.ticket_no,
        count(*) filter (where comments.author_id <> tickets.requester_id and not comments.is_from_machine)::integer as reply_count,
        count(*) filter (where comments.author_id = tickets.requester_id)::integer as customer_message_count,
        min(comments.created_at) filter (where comments.author_id <> tickets.requester_id and not comments.is_from_machine) as first_reply_at
    from tickets
    inner join {{ ref('stg_zendesk__ticket_comments') }} as comments on tickets.ticket_no = comments.ticket_no
    where comments.is_public and not comments.is_deleted and comments.created_at is not null and comments.author_id is not null
    group by 1
),

chats as (
    select
        answers.ticket_no,
        answers.chat_id,
        answers.score,
        answers.rated_at,
        answers.agent_message_count,
        answers.first_answered_at
    from changed
    inner join {{ ref('stg_zendesk__chat_answers') }} as answers on changed.ticket_no = answers.ticket_no
    where not answers.is_deleted
),

chat_messages as (
    select
        chats.ticket_no,
        count(*) filter (where events.is_from_agent)::integer as reply_count,
        count(*) filter (where not events.is_from_agent)::integer as customer_message_count,
        min(events.created_at) filter (where events.is_from_agent) as first_reply_at
    from chats
    inner join {{ ref('stg_zendesk__ticket_chat_events') }} as events on chats.chat_id = events.chat_id
    where events.is_message and not events.is_deleted
    group by 1
),

chat_histories as (
    select
        ticket_no,
        sum(agent_message_count)::integer as reply_count,
        min(first_answered_at) as first_reply_at
    from chats
    group by 1
),

measured as (
    select
        measured.ticket_no,
        count(*)::integer as reply_count,
        min(measured.replied_at) as first_reply_at
    from changed
    inner join {{ ref('stg_zendesk__ticket_replies_measured') }} as measured on changed.ticket_no = measured.ticket_no
    where not measured.is_deleted
    group by 1
),

ratings as (
    select
        ratings.ticket_no,
        min(ratings.created_at) as asked_at,
        (array_agg(ratings.score order by ratings.rated_at desc, ratings.satisfaction_rating_id) filter (where ratings.score in ('good', 'bad')))[1] as score,
        max(ratings.rated_at) filter (where ratings.score in ('good', 'bad')) as rated_at
    from changed
    inner join {{ ref('stg_zendesk__satisfaction_ratings') }} as ratings on changed.ticket_no = ratings.ticket_no
    where not ratings.is_deleted and ratings.score <> 'unoffered'
    group by 1
),

chat_ratings as (
    select distinct on (ticket_no)
        ticket_no,
        score,
        rated_at
    from chats
    where score is not null
    order by ticket_no, rated_at desc, chat_id
)

select
    tickets.ticket_id,
    tickets.source_record_key,
    'zendesk'::text as source_platform,
    tickets.ticket_no as source_ticket_id,
    {{ order_reference('tickets.order_reference') }} as order_id,
    tickets.origin_channel,
    tickets.origin_channel = 'support_social' as is_social,
    coalesce(tickets.social_network, tickets.origin_channel) as first_message_channel,
    -- where an agent's answer reaches the customer: back in the conversation, else by e-mail
    case
        when tickets.origin_channel = 'support_chat' then 'support_chat'
        when tickets.origin_channel = 'support_social' and tickets.answers_in_channel then coalesce(tickets.social_network, tickets.origin_channel)
        else 'support_email'
    end as answer_channel,
    tickets.status,
    tickets.priority,
    {{ intent_of('tickets.ticket_text') }} as intent,
    tickets.opened_at,
    coalesce(least(comments.first_reply_at, chat_messages.first_reply_at, chat_histories.first_reply_at), measured.first_reply_at) as first_reply_at,
    -- no message of a ticket was exported at all: nobody knows
    case
        when comments.ticket_no is not null or chat_messages.ticket_no is not null or chat_histories.reply_count is not null
            then coalesce(comments.reply_count, 0) + coalesce(chat_messages.reply_count, chat_histories.reply_count, 0)
        else measured.reply_count
    end as reply_count,
    case
        when comments.ticket_no is not null or chat_messages.ticket_no is not null
            then coalesce(comments.customer_message_count, 0) + coalesce(chat_messages.customer_message_count, 0)
    end as customer_message_count,
    solutions.first_solved_at,
    solutions.solved_at,
    coalesce(solutions.reopened_count, 0) as reopened_count,
    least(ratings.asked_at, chat_ratings.rated_at) as satisfaction_asked_at,
    coalesce(ratings.score, chat_ratings.score) as satisfaction_score,
    case when ratings.score is not null then ratings.rated_at else chat_ratings.rated_at end as satisfaction_rated_at,
    tickets.is_deleted
from tickets
left join solutions on tickets.ticket_no = solutions.ticket_no
left join comments on tickets.ticket_no = comments.ticket_no
left join chat_messages on tickets.ticket_no = chat_messages.ticket_no
left join chat_histories on tickets.ticket_no = chat_histories.ticket_no
left join measured on tickets.ticket_no = measured.ticket_no
left join ratings on tickets.ticket_no = ratings.ticket_no
left join chat_ratings on tickets.ticket_no = chat_ratings.ticket_no
where tickets.source_record_key is not null
