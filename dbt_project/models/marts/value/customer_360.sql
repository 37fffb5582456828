{{ config(
    meta={'publish': 'customer', 'fitted': true, 'person_level': true},
    indexes=[
        {'columns': ['persona_code', 'lifecycle_stage']},
        {'columns': ['customer_stance']},
        {'columns': ['clv_reporting_amount']},
        {'columns': ['open_ticket_count']},
    ],
    post_hook='analyze {{ this }}',
) }}

{%- set touchpoint_columns = [
    'golden_customer_id', 'touchpoint_type', 'occurred_at', 'channel', 'direction', 'intent', 'family', 'is_bot', 'is_marketing_touch',
] %}

with customers as (
    select * from {{ scope('dim_customers', [
        'golden_customer_id', 'is_identified', 'country_code', 'has_email', 'has_phone', 'email_consent', 'sms_consent', 'platform_count',
        'first_seen_date', 'first_touchpoint_at', 'last_touchpoint_at', 'touchpoint_count', 'first_channel', 'current_stage_key',
        'lifecycle_stage', 'order_count', 'first_order_at', 'last_order_at', 'order_reporting_amount', 'refunded_reporting_amount',
    ]) }} as customers
),

touchpoints as (
    select * from {{ scope('fct_touchpoints', touchpoint_columns) }} as touchpoints
    where not is_bot and direction = 'inbound'
),

channels as (
    select
        golden_customer_id,
        channel,
        count(*) as touches
    from touchpoints
    where channel is not null
    group by 1, 2
),

presence as (
    select
        golden_customer_id,
        array_agg(channel order by channel) as channels,
        (array_agg(channel order by touches desc, channel))[1] as preferred_channel,
        round(max(touches) / sum(touches), 4)::numeric(5, 4) as preferred_channel_share
    from channels
    group by 1
),

-- a contact is a sign for help: a message, a chat, a ticket, a form about something that is wrong or late
contacts as (
    select
        touchpoints.golden_customer_id,
        touchpoints.occurred_at,
        touchpoints.intent = 'complaint' as is_complaint,
        touchpoints.channel,
        lag(touchpoints.channel) over by_time as last_channel,
        lag(touchpoints.occurred_at) over by_time as last_at
    from touchpoints
    inner join {{ ref('contact_types') }} as contact_types on touchpoints.touchpoint_type = contact_types.touchpoint_type
    where contact_types.is_always_contact or touchpoints.intent in ('complaint', 'order_question')
    window by_time as (
        partition by touchpoints.golden_customer_id order by touchpoints.occurred_at, touchpoints.channel, touchpoints.touchpoint_type
    )
),

effort as (
    select
        golden_customer_id,
        count(*)::integer as contact_count,
        count(*) filter (where is_complaint)::integer as complaint_count,
        count(*) filter (
            where channel <> last_channel and occurred_at <= last_at + interval '{{ var("issue_days") }} days'
        )::integer as channel_switch_count
    from contacts
    group by 1
),

tickets as (
    select
        golden_customer_id,
        count(*)::integer as ticket_count,
        count(*) filter (where solved_at is null)::integer as open_ticket_count,
        max(opened_at) as last_ticket_at,
        sum(reopened_count)::integer as reopened_count,
        (array_agg(intent order by opened_at desc, ticket_id))[1] as last_ticket_intent
    from {{ scope('fct_tickets', ['golden_customer_id', 'ticket_id', 'opened_at', 'solved_at', 'intent', 'reopened_count']) }} as tickets
    group by 1
),

messages as (
    select * from {{ scope('fct_messages', [
        'golden_customer_id', 'touchpoint_id', 'occurred_at', 'intent', 'topic', 'ticket_id', 'is_bot',
    ]) }} as messages
    where topic is not null and not is_bot
),

topic_counts as (
    select
        golden_customer_id,
        topic,
        count(*) as messages
    from messages
    group by 1, 2
),

topics as (
    select
        golden_customer_id,
        (array_agg(topic order by messages desc, topic))[1:3] as top_topics
    from topic_counts
    group by 1
),

issues as (
    select
        golden_customer_id,
        (array_agg(topic order by occurred_at desc, touchpoint_id))[1] as last_issue_topic
    from messages
    where intent = 'complaint' or ticket_id is not null
    group by 1
),

-- what the customer says of the brand where others can read it, or to whoever asks
stance as (
    select
        touchpoints.golden_customer_id,
        count(*) filter (where signals.stance = 'positive')::integer as positive_count,
        count(*) filter (where signals.stance = 'negative')::integer as negative_count,
        count(*)::integer as stance_evidence_count,
        count(*) filter (where signals.is_referral)::integer as referral_count
    from touchpoints
    inner join {{ ref('stance_signals') }} as signals
        on
            touchpoints.touchpoint_type = signals.touchpoint_type
            and (signals.when_intent is null or touchpoints.intent = signals.when_intent)
    group by 1
),

records as (
    select
        golden_customer_id,
        bool_or(record_kind = 'account') as has_account,
        array_agg(distinct source_platform order by source_platform) as platforms
    from {{ scope('bridge_customer_identities', ['golden_customer_id', 'record_kind', 'source_platform']) }} as records
    group by 1
),

personas as (
    select * from {{ scope('customer_persona', ['golden_customer_id', 'persona_code', 'evidence_count', 'product_count']) }} as personas
)

select
    customers.golden_customer_id,
    customers.is_identified,
    customers.country_code,
    customers.lifecycle_stage,
    customers.current_stage_key,
    coalesce(personas.persona_code, 'unknown') as persona_code,
    coalesce(personas.evidence_count, 0) as persona_evidence_count,
    rfm.segment as rfm_segment,
    rfm.rfm_score,
    clv.clv_reporting_amount,
    clv.clv_decile,
    case when clv.clv_decile >= 9 then 'high' when clv.clv_decile >= 6 then 'middle' when clv.clv_decile >= 1 then 'low' end as clv_band,

    -- buying and loyalty
    customers.order_count,
    greatest(customers.order_count - 1, 0) as repeat_order_count,
    round(greatest(customers.order_count - 1, 0)::numeric / nullif(customers.order_count, 0), 4)::numeric(5, 4) as repeat_rate,
    customers.first_order_at,
    customers.last_order_at,
    (customers.order_reporting_amount - customers.refunded_reporting_amount)::numeric(18, 2) as net_reporting_amount,
    case when personas.golden_customer_id is not null then personas.product_count end as product_count,
    {{ local_date('customers.last_touchpoint_at') }} - {{ local_date('customers.first_touchpoint_at') }} as tenure_days,

    -- service
    coalesce(tickets.open_ticket_count, 0) > 0 as open_issue_flag,
    coalesce(tickets.open_ticket_count, 0) as open_ticket_count,
    coalesce(tickets.ticket_count, 0) as ticket_count,
    tickets.last_ticket_at,
    coalesce(issues.last_issue_topic, tickets.last_ticket_intent) as last_issue_topic,
    coalesce(tickets.reopened_count, 0) as reopened_count,
    coalesce(effort.contact_count, 0) as contact_count,
    coalesce(effort.complaint_count, 0) as complaint_count,
    coalesce(effort.channel_switch_count, 0) as channel_switch_count,
    round(
        effort.contact_count::numeric / nullif(customers.order_count, 0)
        + coalesce(tickets.reopened_count, 0) + effort.channel_switch_count, 4
    )::numeric(12, 4) as customer_effort,

    -- what they say
    case
        when stance.stance_evidence_count is null then null
        when stance.positive_count > stance.negative_count then 'advocate'
        when stance.negative_count > stance.positive_count then 'detractor'
        else 'passive'
    end as customer_stance,
    coalesce(stance.stance_evidence_count, 0) as stance_evidence_count,
    coalesce(stance.positive_count, 0) as positive_count,
    coalesce(stance.negative_count, 0) as negative_count,
    coalesce(stance.referral_count, 0) as referral_count,

    -- where they are
    coalesce(presence.channels, '{}'::text[]) as channels,
    presence.preferred_channel,
    presence.preferred_channel_share,
    customers.first_channel,
    coalesce(records.platforms, '{}'::text[]) as platforms,
    coalesce(topics.top_topics, '{}'::text[]) as top_topics,
    customers.touchpoint_count,
    customers.first_seen_date,
    customers.last_touchpoint_at,

    -- keys that the brand owns
    customers.has_email,
    customers.has_phone,
    coalesce(records.has_account, false) as has_account,
    customers.email_consent,
    customers.sms_consent
from customers
left join personas on customers.golden_customer_id = personas.golden_customer_id
left join {{ ref('rfm_segment') }} as rfm on customers.golden_customer_id = rfm.golden_customer_id
left join {{ ref('clv') }} as clv on customers.golden_customer_id = clv.golden_customer_id
left join presence on customers.golden_customer_id = presence.golden_customer_id
left join effort on customers.golden_customer_id = effort.golden_customer_id
left join tickets on customers.golden_customer_id = tickets.golden_customer_id
left join stance on customers.golden_customer_id = stance.golden_customer_id
left join topics on customers.golden_customer_id = topics.golden_customer_id
left join issues on customers.golden_customer_id = issues.golden_customer_id
left join records on customers.golden_customer_id = records.golden_customer_id
