{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['golden_customer_id', 'requested_at']}, {'columns': ['requested_date', 'channel']}, {'columns': ['ticket_id']}],
    post_hook='analyze {{ this }}',
) }}

{%- set asking = ['complaint', 'order_question', 'product_question', 'question'] %}

with records as (
    select * from {{ affected() }} where not is_internal
),

networks as (
    select channel from {{ ref('channels') }} where is_social and channel_group = 'Social'
),

-- both sides of the conversations on social networks; what the help desk holds is a ticket
messages as (
    select
        touchpoints.golden_customer_id,
        touchpoints.touchpoint_id,
        messages.thread_id,
        messages.is_from_brand,
        touchpoints.source_platform,
        touchpoints.touchpoint_type,
        touchpoints.channel,
        touchpoints.content_id,
        touchpoints.intent,
        touchpoints.occurred_at
    from records
    inner join {{ ref('int_messages') }} as messages on records.source_record_key = messages.source_record_key
    inner join {{ ref('fct_touchpoints') }} as touchpoints on messages.touchpoint_id = touchpoints.touchpoint_id
    inner join networks on touchpoints.channel = networks.channel
    where
        not messages.is_deleted
        and not touchpoints.is_bot
        and touchpoints.ticket_id is null
        and not touchpoints.touchpoint_type in ('review_written', 'recommendation_written', 'product_reviewed')
        and messages.thread_id is not null
        and (messages.is_from_brand or touchpoints.intent in ('{{ asking | join("', '") }}'))
),

-- a request begins with a question or complaint where nothing is open: no earlier one, or it was answered, or it is long ago
numbered as (
    select
        messages.*,
        coalesce(lag(is_from_brand) over in_thread, true)
        or occurred_at - lag(occurred_at) over in_thread > interval '{{ var("social_request_gap_days") }} days' as is_beginning
    from messages
    window in_thread as (partition by golden_customer_id, channel, thread_id order by occurred_at, is_from_brand, touchpoint_id)
),

parts as (
    select
        numbered.*,
        count(*) filter (where is_beginning and not is_from_brand) over (
            partition by golden_customer_id, channel, thread_id order by occurred_at, is_from_brand, touchpoint_id
            rows between unbounded preceding and current row
        ) as request_no
    from numbered
),

requests as (
    select
        golden_customer_id,
        channel,
        thread_id,
        request_no,
        (array_agg(touchpoint_id order by occurred_at, touchpoint_id) filter (where not is_from_brand))[1] as request_id,
        (array_agg(source_platform order by occurred_at, touchpoint_id) filter (where not is_from_brand))[1] as source_platform,
        (array_agg(touchpoint_type order by occurred_at, touchpoint_id) filter (where not is_from_brand))[1] as touchpoint_type,
        (array_agg(content_id order by occurred_at, touchpoint_id) filter (where not is_from_brand))[1] as content_id,
        -- what it is about: a complaint outweighs the questions around it
        case
            when bool_or(intent = 'complaint' and not is_from_brand) then 'complaint'
            else (array_agg(intent order by occurred_at, touchpoint_id) filter (where not is_from_brand))[1]
        end as intent,
        min(occurred_at) filter (where not is_from_brand) as requested_at,
        (count(*) filter (where not is_from_brand))::integer as message_count,
        min(occurred_at) filter (where is_from_brand) as answered_in_thread_at
    from parts
    where request_no > 0
    group by 1, 2, 3, 4
),

-- the ticket that took the request over: of the same customer, opened soon after; the same network first, then the nearest
matched as (
    select distinct on (requests.request_id)
        requests.request_id,
        tickets.ticket_id,
        tickets.first_reply_at,
        tickets.first_message_channel
    from requests
    inner join {{ ref('fct_tickets') }} as tickets on requests.golden_customer_id = tickets.golden_customer_id
    where
        tickets.opened_at >= requests.requested_at - interval '1 hour'
        and tickets.opened_at <= requests.requested_at + interval '{{ var("ticket_match_hours") }} hours'
    order by
        requests.request_id, tickets.first_message_channel = requests.channel desc,
        abs(extract(epoch from tickets.opened_at - requests.requested_at)), tickets.ticket_id
),

-- where the customer stood: the stage of the touchpoint before
stages as (
    select
        touchpoints.touchpoint_id,
        lag(touchpoints.stage_key) over (
            partition by touchpoints.golden_customer_id order by touchpoints.occurred_at, touchpoints.source_priority, touchpoints.touchpoint_id
        ) as previous_stage_key
    from {{ ref('fct_touchpoints') }} as touchpoints
    where touchpoints.stage_key is not null and touchpoints.golden_customer_id in (select requests.golden_customer_id from requests)
),

purchases as (
    select
        requests.request_id,
        min(orders.ordered_at) filter (where orders.ordered_at > requests.requested_at) as next_order_at,
        count(*) filter (where orders.ordered_at <= requests.requested_at) > 0 as is_existing_customer
    from requests
    inner join {{ ref('fct_orders') }} as orders on requests.golden_customer_id = orders.golden_customer_id
    where orders.is_counted
    group by 1
),

{{ business_calendar() }},

answered as (
    select
        requests.*,
        matched.ticket_id,
        stages.previous_stage_key,
        purchases.next_order_at,
        coalesce(purchases.is_existing_customer, false) as is_existing_customer,
        case when matched.first_reply_at >= requests.requested_at then matched.first_reply_at end as answered_by_ticket_at,
        matched.first_message_channel as ticket_channel
    from requests
    left join matched on requests.request_id = matched.request_id
    left join stages on requests.request_id = stages.touchpoint_id
    left join purchases on requests.request_id = purchases.request_id
)

select
    request_id,
    golden_customer_id,
    source_platform,
    channel,
    touchpoint_type not in ('direct_message_received', 'story_interaction') as is_public,
    content_id,
    intent,
    intent <> 'complaint' as is_question,
    requested_at,
    {{ local_date('requested_at') }} as requested_date,
    date_trunc('week', requested_at at time zone '{{ var("reporting_timezone") }}')::date as requested_week,
    message_count,
    ticket_id,
    least(answered_in_thread_at, answered_by_ticket_at) as answered_at,
    case
        when least(answered_in_thread_at, answered_by_ticket_at) is not null then true
        when source_platform in ('{{ var("answers_exported_by") | join("', '") }}') then false
    end as is_answered,
    case
        when answered_in_thread_at <= coalesce(answered_by_ticket_at, 'infinity') then true
        when answered_by_ticket_at is not null then ticket_channel = channel
    end as is_answered_on_same_channel,
    round(extract(epoch from least(answered_in_thread_at, answered_by_ticket_at) - requested_at) / 3600.0, 2)::numeric(12, 2) as hours_to_first_reply,
    {{ business_hours_between('requested_at', 'least(answered_in_thread_at, answered_by_ticket_at)') }} as business_hours_to_first_reply,
    previous_stage_key,
    is_existing_customer,
    next_order_at,
    coalesce(next_order_at <= requested_at + interval '{{ var("question_conversion_days") }} days', false) as is_followed_by_order
from answered
