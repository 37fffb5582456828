{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['month_start_date', 'channel']}],
) }}

{%- set contribution %}
select
    date_trunc('month', messages.occurred_date)::date as month_start_date,
    messages.channel,
    coalesce(messages.stage_key, '(none)') as stage_key,
    coalesce(messages.intent, 'unknown') as intent,
    case
        when messages.minutes_to_answer is null then 'unanswered'
        when messages.minutes_to_answer <= 60 then 'within 1 hour'
        when messages.minutes_to_answer <= 240 then 'within 4 hours'
        when messages.minutes_to_answer <= 1440 then 'within 1 day'
        when messages.minutes_to_answer <= 4320 then 'within 3 days'
        else 'later'
    end as answered_within,
    count(*) as messages,
    -- nothing more is heard of the customer for so long after the message
    count(*) filter (where coalesce(activity.next_at > messages.occurred_at + interval '{{ var("content_effect_days") }} days', true))
        as silent_messages,
    -- not answered where they asked, and the brand wrote to them elsewhere within three days
    count(*) filter (where messages.minutes_to_answer is null and activity.is_written_to_elsewhere) as answered_elsewhere_messages
from [[fct_messages]] as messages
left join (
    select
        touchpoints.touchpoint_id,
        min(touchpoints.occurred_at) filter (where touchpoints.direction = 'inbound') over after_this as next_at,
        -- the brand's words in another conversation or a ticket
        coalesce(
            min(touchpoints.occurred_at) filter (
                where touchpoints.direction = 'outbound' and (touchpoints.ticket_id is not null or touchpoints.ownership = 'platform')
            ) over from_now <= touchpoints.occurred_at + interval '3 days',
            false
        ) as is_written_to_elsewhere
    from [[fct_touchpoints]] as touchpoints
    where
        not touchpoints.is_bot
        and exists (select 1 from [[fct_messages]] as writers where touchpoints.golden_customer_id = writers.golden_customer_id)
    -- backwards in time: a frame whose start moves would be added up anew for every row
    window
        after_this as (
            partition by touchpoints.golden_customer_id
            order by touchpoints.occurred_at desc, touchpoints.source_priority desc, touchpoints.touchpoint_id desc
            rows between unbounded preceding and 1 preceding
        ),
        from_now as (
            partition by touchpoints.golden_customer_id order by touchpoints.occurred_at desc
            range between unbounded preceding and current row
        )
) as activity on messages.touchpoint_id = activity.touchpoint_id
where
    not messages.is_bot and messages.ticket_id is null
    and messages.intent in ('complaint', 'order_question', 'product_question', 'question', 'purchase_intent')
group by 1, 2, 3, 4, 5
{%- endset %}

select
    month_start_date,
    channel,
    stage_key,
    intent,
    answered_within,
    messages::bigint as messages,
    silent_messages::bigint as silent_messages,
    answered_elsewhere_messages::bigint as answered_elsewhere_messages
from {{ additive(
    keys=['month_start_date', 'channel', 'stage_key', 'intent', 'answered_within'],
    sums=['messages', 'silent_messages', 'answered_elsewhere_messages'],
    facts=['fct_messages', 'fct_touchpoints'], contribution=contribution
) }} as cells
