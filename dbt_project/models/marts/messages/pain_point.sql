{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['month_start', 'stage_code']}]) }}

{%- set keys = ['stage_code', 'topic', 'month_start'] %}
{%- set sums = [
    'messages', 'customers', 'scored_messages', 'sentiment_sum', 'pain_messages', 'pain_customers', 'pain_dropped_customers',
    'other_customers', 'other_dropped_customers', 'unanswered_pain_messages', 'refund_reporting_amount',
] %}
{%- set contribution %}
select
    per_customer.stage_code,
    per_customer.topic,
    per_customer.month_start,
    sum(per_customer.messages) as messages,
    count(*) as customers,
    sum(per_customer.scored_messages) as scored_messages,
    sum(per_customer.sentiment_sum) as sentiment_sum,
    sum(per_customer.pain_messages) as pain_messages,
    count(*) filter (where per_customer.pain_messages > 0) as pain_customers,
    count(*) filter (where per_customer.pain_messages > 0 and per_customer.is_dropped) as pain_dropped_customers,
    count(*) filter (where per_customer.pain_messages = 0) as other_customers,
    count(*) filter (where per_customer.pain_messages = 0 and per_customer.is_dropped) as other_dropped_customers,
    sum(per_customer.unanswered_pain_messages) as unanswered_pain_messages,
    sum(per_customer.refund_reporting_amount) as refund_reporting_amount
from (
    select
        said.golden_customer_id,
        said.stage_code,
        coalesce(said.topic, '(all)') as topic,
        said.month_start,
        count(*) as messages,
        count(said.sentiment) as scored_messages,
        coalesce(sum(said.sentiment), 0) as sentiment_sum,
        count(*) filter (where said.is_pain) as pain_messages,
        count(*) filter (where said.is_pain and said.answered_at is null) as unanswered_pain_messages,
        coalesce(bool_or(said.is_dropped), false) as is_dropped,
        -- the cost of an episode once, however often its customer complained in it
        coalesce(sum(said.refunded_reporting_amount) filter (where said.is_pain and said.is_first_pain), 0) as refund_reporting_amount
    from (
        select
            messages.golden_customer_id,
            messages.stage_code,
            coalesce(messages.topic, '(none)') as topic,
            date_trunc('month', messages.occurred_date)::date as month_start,
            messages.sentiment,
            messages.answered_at,
            messages.intent = 'complaint' or coalesce(messages.sentiment_class = 'negative', false) as is_pain,
            row_number() over (
                partition by messages.golden_customer_id, messages.episode_no,
                    messages.intent = 'complaint' or coalesce(messages.sentiment_class = 'negative', false)
                order by messages.occurred_at, messages.touchpoint_id
            ) = 1 as is_first_pain,
            journeys.outcome = 'dropped_off' as is_dropped,
            journeys.refunded_reporting_amount
        from [[fct_messages]] as messages
        left join [[fct_journeys]] as journeys
            on messages.golden_customer_id = journeys.golden_customer_id and messages.episode_no = journeys.episode_no
        where not messages.is_bot and messages.stage_code is not null
    ) as said
    group by said.golden_customer_id, said.stage_code, said.month_start, rollup (said.topic)
) as per_customer
group by 1, 2, 3
{%- endset %}

select
    cells.stage_code,
    cells.topic,
    cells.month_start,
    topics.topic_name,
    topics.four_p,
    topics.owner_department,
    cells.messages::bigint as messages,
    cells.customers::bigint as customers,
    cells.scored_messages::bigint as scored_messages,
    cells.sentiment_sum::numeric(18, 4) as sentiment_sum,
    cells.pain_messages::bigint as pain_messages,
    cells.pain_customers::bigint as pain_customers,
    cells.pain_dropped_customers::bigint as pain_dropped_customers,
    cells.other_customers::bigint as other_customers,
    cells.other_dropped_customers::bigint as other_dropped_customers,
    cells.unanswered_pain_messages::bigint as unanswered_pain_messages,
    cells.refund_reporting_amount::numeric(18, 2) as refund_reporting_amount,
    round(cells.sentiment_sum / nullif(cells.scored_messages, 0), 4)::numeric(5, 4) as mean_sentiment,
    round(cells.pain_dropped_customers / nullif(cells.pain_customers, 0), 4)::numeric(5, 4) as pain_drop_off_rate,
    round(cells.other_dropped_customers / nullif(cells.other_customers, 0), 4)::numeric(5, 4) as other_drop_off_rate
from {{ additive(keys=keys, sums=sums, facts=['fct_messages', 'fct_journeys'], contribution=contribution) }} as cells
left join {{ ref('topics') }} as topics on cells.topic = topics.topic
