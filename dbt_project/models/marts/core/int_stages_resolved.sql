{{ config(
    schema='intermediate',
    post_hook=[
        'create statistics "{{ this.schema }}".int_stages_resolved_conditions (ndistinct)'
        ~ ' on touchpoint_type, intent, order_class, visit_class, is_delivered, has_campaign from {{ this }}',
        'analyze {{ this }}',
    ],
) }}

-- Rules are resolved once per combination of conditions, so that twenty million touchpoints need one hash join and no
-- rule is evaluated twice. A combination without a rule has no row. Platform and sentiment are conditions only of types whose
-- rules name one. Without the statistics of all conditions together, the planner (since PostgreSQL 18 it looks at them) believes
-- that hundreds of rules share a place of the hash table, and sorts all touchpoints instead.
with rules as (
    select * from {{ ref('stage_rules') }} where taxonomy_version = '{{ taxonomy_version() }}'
),

types as (
    select touchpoint_type from {{ ref('touchpoint_types') }}
    union
    select touchpoint_type from rules
),

intents as (
    select intent from {{ ref('intent_keywords') }}
    union
    select when_intent from rules where when_intent is not null
    union
    select 'unknown'
),

platforms as (
    select
        touchpoint_type,
        '(any)'::text as platform
    from types
    union
    select
        touchpoint_type,
        when_platform
    from rules
    where when_platform is not null
),

sentiments as (
    select
        touchpoint_type,
        '(any)'::text as sentiment
    from types
    where touchpoint_type not in (select touchpoint_type from rules where when_sentiment is not null)
    union all
    select
        asked.touchpoint_type,
        sentiment.sentiment
    from (select distinct touchpoint_type from rules where when_sentiment is not null) as asked
    cross join (values ('negative'), ('neutral'), ('positive'), ('unknown')) as sentiment (sentiment)
),

combinations as (
    select
        types.touchpoint_type,
        intents.intent,
        platforms.platform,
        sentiments.sentiment,
        order_class.order_class,
        visit_class.visit_class,
        delivered.is_delivered,
        campaign.has_campaign
    from types
    inner join platforms on types.touchpoint_type = platforms.touchpoint_type
    inner join sentiments on types.touchpoint_type = sentiments.touchpoint_type
    cross join intents
    cross join (values ('none'), ('not_counted'), ('first'), ('repeat')) as order_class (order_class)
    cross join (values ('first'), ('later')) as visit_class (visit_class)
    cross join (values (false), (true)) as delivered (is_delivered)
    cross join (values (false), (true)) as campaign (has_campaign)
),

matched as (
    select distinct on (
        combinations.touchpoint_type, combinations.intent, combinations.platform, combinations.sentiment, combinations.order_class,
        combinations.visit_class, combinations.is_delivered, combinations.has_campaign
    )
        combinations.*,
        rules.priority as rule_priority,
        rules.stage_key,
        rules.reason
    from combinations
    inner join rules
        on
            combinations.touchpoint_type = rules.touchpoint_type
            and (rules.when_platform is null or combinations.platform = rules.when_platform)
            and (rules.when_intent is null or combinations.intent = rules.when_intent)
            and (rules.when_sentiment is null or combinations.sentiment = rules.when_sentiment)
            and (rules.when_order is null or combinations.order_class = rules.when_order)
            and (rules.when_visit is null or combinations.visit_class = rules.when_visit)
            and (rules.when_delivered is null or combinations.is_delivered = (rules.when_delivered = 'yes'))
            and (rules.when_campaign is null or combinations.has_campaign = (rules.when_campaign = 'yes'))
    order by
        combinations.touchpoint_type, combinations.intent, combinations.platform, combinations.sentiment, combinations.order_class,
        combinations.visit_class, combinations.is_delivered, combinations.has_campaign,
        rules.priority
)

select
    matched.touchpoint_type,
    matched.intent,
    matched.platform,
    matched.sentiment,
    matched.order_class,
    matched.visit_class,
    matched.is_delivered,
    matched.has_campaign,
    matched.rule_priority,
    matched.reason,
    stages.stage_key,
    stages.stage_code,
    stages.sub_stage,
    stages.macro_stage,
    stages.family,
    coalesce(stages.opens_episode, false) as opens_episode
from matched
left join {{ ref('stages') }} as stages
    on matched.stage_key = stages.stage_key and stages.taxonomy_version = '{{ taxonomy_version() }}'
