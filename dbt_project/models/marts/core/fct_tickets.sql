{{ config(
    meta={'publish': 'customer'},
    indexes=[
        {'columns': ['golden_customer_id', 'opened_at']},
        {'columns': ['opened_date', 'origin_channel']},
        {'columns': ['order_id']},
    ],
) }}

with records as (
    select * from {{ affected() }} where not is_internal
),

tickets as (
    select
        records.golden_customer_id,
        tickets.*
    from records
    inner join {{ ref('int_tickets') }} as tickets on records.source_record_key = tickets.source_record_key
    where not tickets.is_deleted
),

-- a ticket quotes an order by its name or by the shop's internal id
own_orders as (
    select
        tickets.ticket_id,
        min(orders.order_id) as order_id
    from tickets
    inner join {{ ref('int_orders_numbered') }} as orders
        on
            tickets.golden_customer_id = orders.golden_customer_id
            and (tickets.order_id = orders.order_id or tickets.order_id = orders.alternate_order_id)
    where tickets.order_id is not null
    group by 1
),

-- the social team answers where the customer wrote; the ticket's own messages do not tell of it
conversations as (
    select
        tickets.ticket_id,
        min(touchpoints.occurred_at) as first_reply_at,
        count(*)::integer as reply_count
    from tickets
    inner join {{ ref('fct_touchpoints') }} as touchpoints
        on
            tickets.golden_customer_id = touchpoints.golden_customer_id
            and tickets.first_message_channel = touchpoints.channel
            and touchpoints.touchpoint_type in ('direct_message_sent', 'social_reply_sent')
            and touchpoints.ticket_id is null
            and tickets.opened_at <= touchpoints.occurred_at
            and touchpoints.occurred_at <= coalesce(tickets.first_solved_at, tickets.opened_at + interval '{{ var("ticket_reply_days") }} days')
    where tickets.is_social
    group by 1
),

{{ business_calendar() }},

answered as (
    select
        tickets.*,
        coalesce(own_orders.order_id, tickets.order_id) as own_order_id,
        least(tickets.first_reply_at, conversations.first_reply_at) as any_first_reply_at,
        coalesce(conversations.first_reply_at < coalesce(tickets.first_reply_at, 'infinity'), false) as is_answered_in_conversation,
        case when tickets.reply_count is not null or conversations.ticket_id is not null
            then coalesce(tickets.reply_count, 0) + coalesce(conversations.reply_count, 0)
        end as replies,
        coalesce(tickets.solved_at < tickets.opened_at or tickets.first_solved_at < tickets.opened_at, false)
        or coalesce(least(tickets.first_reply_at, conversations.first_reply_at) < tickets.opened_at, false) as is_lag_negative
    from tickets
    left join own_orders on tickets.ticket_id = own_orders.ticket_id
    left join conversations on tickets.ticket_id = conversations.ticket_id
)

select
    ticket_id,
    golden_customer_id,
    source_record_key,
    source_platform,
    source_ticket_id,
    own_order_id as order_id,
    origin_channel,
    is_social,
    first_message_channel,
    status,
    priority,
    intent,
    opened_at,
    {{ local_date('opened_at') }} as opened_date,
    any_first_reply_at as first_reply_at,
    case when any_first_reply_at is null then null when is_answered_in_conversation then 'conversation' else 'ticket' end as first_reply_in,
    replies as reply_count,
    customer_message_count,
    case when any_first_reply_at is not null then true when replies = 0 then false end as is_answered,
    case
        when any_first_reply_at is null then null
        when is_answered_in_conversation then true
        else first_message_channel = answer_channel
    end as is_answered_on_same_channel,
    round(extract(epoch from any_first_reply_at - opened_at) / 3600.0, 2)::numeric(12, 2) as hours_to_first_reply,
    {{ business_hours_between('opened_at', 'any_first_reply_at') }} as business_hours_to_first_reply,
    first_solved_at,
    solved_at,
    round(extract(epoch from first_solved_at - opened_at) / 3600.0, 2)::numeric(12, 2) as hours_to_first_solve,
    round(extract(epoch from solved_at - opened_at) / 3600.0, 2)::numeric(12, 2) as hours_to_solve,
    {{ business_hours_between('opened_at', 'solved_at') }} as business_hours_to_solve,
    reopened_count,
    case when first_solved_at is not null and replies is not null then replies = 1 and coalesce(reopened_count, 0) = 0 end as is_one_touch,
    satisfaction_asked_at,
    satisfaction_score,
    satisfaction_rated_at,
    case
        when satisfaction_score = 'good' then 5
        when satisfaction_score = 'bad' then 1
        when satisfaction_score ~ '^[1-5]$' then satisfaction_score::smallint
    end::smallint as csat_score,
    is_lag_negative,
    extra.x_columns
from answered
left join {{ x_columns('fct_tickets') }} as extra on answered.ticket_id = extra.entity_id
