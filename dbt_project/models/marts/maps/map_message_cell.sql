{{ config(meta={'publish': 'whole', 'person_level': true}) }}

-- What was said in a scope: by topic and month, and all of a stage together with the mean of its customers' means
{% set contribution %}
with episodes as materialized (
    {{ episode_scopes() }}
),

scope_stages as (
    select
        scope,
        stage_key
    from {{ ref('map_scope_stages') }}
    where taxonomy_version = '{{ taxonomy_version() }}'
)

select
    per_customer.scope,
    per_customer.persona_code,
    per_customer.stage_key,
    per_customer.topic,
    per_customer.period,
    count(*) as customers,
    sum(per_customer.messages) as messages,
    count(per_customer.mean_sentiment) as scored_customers,
    coalesce(sum(per_customer.mean_sentiment), 0) as mean_sum,
    coalesce(sum(per_customer.mean_sentiment * per_customer.mean_sentiment), 0) as mean_square_sum,
    sum(per_customer.pain_messages) as pain_messages,
    count(*) filter (where per_customer.pain_messages > 0) as pain_customers
from (
    select
        scope_stages.scope,
        episodes.persona_code,
        said.stage_key,
        coalesce(said.topic, '(all)') as topic,
        coalesce(said.period, '(all)') as period,
        said.golden_customer_id,
        count(*) as messages,
        round(avg(said.sentiment), 4) as mean_sentiment,
        count(*) filter (where said.is_pain) as pain_messages
    from (
        select
            messages.golden_customer_id,
            messages.episode_no,
            messages.stage_key,
            coalesce(messages.topic, '(none)') as topic,
            to_char(messages.occurred_date, 'YYYY-MM-01') as period,
            messages.sentiment,
            messages.intent = 'complaint' or coalesce(messages.sentiment_class = 'negative', false) as is_pain
        from [[fct_messages]] as messages
        where not messages.is_bot and messages.stage_key is not null
    ) as said
    inner join episodes on said.golden_customer_id = episodes.golden_customer_id and said.episode_no = episodes.episode_no
    inner join scope_stages on said.stage_key = scope_stages.stage_key and scope_stages.scope = any(episodes.scopes)
    group by grouping sets (
        (scope_stages.scope, episodes.persona_code, said.stage_key, said.golden_customer_id, said.topic, said.period),
        (scope_stages.scope, episodes.persona_code, said.stage_key, said.golden_customer_id)
    )
) as per_customer
group by 1, 2, 3, 4, 5
{% endset %}

select
    scope,
    persona_code,
    stage_key,
    topic,
    period,
    customers::bigint as customers,
    messages::bigint as messages,
    scored_customers::bigint as scored_customers,
    mean_sum::numeric(18, 4) as mean_sum,
    mean_square_sum::numeric(18, 8) as mean_square_sum,
    pain_messages::bigint as pain_messages,
    pain_customers::bigint as pain_customers
from {{ additive(
    keys=['scope', 'persona_code', 'stage_key', 'topic', 'period'],
    sums=['customers', 'messages', 'scored_customers', 'mean_sum', 'mean_square_sum', 'pain_messages', 'pain_customers'],
    facts=['fct_messages'] + scope_facts(),
    contribution=contribution,
) }} as cells
