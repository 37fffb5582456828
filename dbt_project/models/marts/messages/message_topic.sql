{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['week_start', 'channel']}, {'columns': ['topic', 'week_start']}]) }}

{%- set keys = ['intent', 'topic', 'channel', 'week_start'] %}
{%- set sums = [
    'messages', 'customers', 'scored_messages', 'sentiment_sum', 'positive_messages', 'negative_messages', 'questions', 'public_messages',
    'answered_messages',
] %}
{%- set contribution %}
select
    coalesce(messages.intent, '(unknown)') as intent,
    coalesce(messages.topic, '(none)') as topic,
    coalesce(messages.channel, '(unknown)') as channel,
    messages.occurred_week as week_start,
    count(*) as messages,
    count(distinct messages.golden_customer_id) as customers,
    count(messages.sentiment) as scored_messages,
    coalesce(sum(messages.sentiment), 0) as sentiment_sum,
    count(*) filter (where messages.sentiment_class = 'positive') as positive_messages,
    count(*) filter (where messages.sentiment_class = 'negative') as negative_messages,
    count(*) filter (where messages.is_question) as questions,
    count(*) filter (where messages.is_public) as public_messages,
    count(messages.answered_at) as answered_messages
from [[fct_messages]] as messages
where not messages.is_bot
group by 1, 2, 3, 4
{%- endset %}

select
    cells.intent,
    cells.topic,
    cells.channel,
    cells.week_start,
    topics.four_p,
    cells.messages::bigint as messages,
    cells.customers::bigint as customers,
    cells.scored_messages::bigint as scored_messages,
    cells.sentiment_sum::numeric(18, 4) as sentiment_sum,
    cells.positive_messages::bigint as positive_messages,
    cells.negative_messages::bigint as negative_messages,
    cells.questions::bigint as questions,
    cells.public_messages::bigint as public_messages,
    cells.answered_messages::bigint as answered_messages,
    round(cells.sentiment_sum / nullif(cells.scored_messages, 0), 4)::numeric(5, 4) as mean_sentiment
from {{ additive(keys=keys, sums=sums, facts=['fct_messages'], contribution=contribution) }} as cells
left join {{ ref('topics') }} as topics on cells.topic = topics.topic
