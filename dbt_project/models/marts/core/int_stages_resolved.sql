{{ config(schema='intermediate') }}

-- Rules are resolved once per combination of conditions, so that twenty million touchpoints need one hash join and no
-- rule is evaluated twice. A combination without a rule has no row.
with types as (
    select touchpoint_type from {{ ref('touchpoint_types') }}
    union
    select touchpoint_type from {{ ref('stage_rules') }}
),

intents as (
    select intent from {{ ref('intent_keywords') }}
    union
    select when_intent from {{ ref('stage_rules') }} where when_intent is not null
    union
    select 'unknown'
),

combinations as (
    select
        types.touchpoint_type,
        intents.intent,
        order_class.order_class,
        visit_class.visit_class,
        delivered.is_delivered,
        campaign.has_campaign
    from types
    cross join intents
    cross join (values ('none'), ('not_counted'), ('first'), ('repeat')) as order_class (order_class)
    cross join (values ('first'), ('later')) as visit_class (visit_class)
    cross join (values (false), (true)) as delivered (is_delivered)
    cross join (values (false), (true)) as campaign (has_campaign)
),

matched as (
    select distinct on (
        combinations.touchpoint_type, combinations.intent, combinations.order_class,
        combinations.visit_class, combinations.is_delivered, combinations.has_campaign
    )
        combinations.*,
        rules.priority as rule_priority,
        rules.stage_key,
        rules.reason
    from combinations
    inner join {{ ref('stage_rules') }} as rules
        on
            combinations.touchpoint_type = rules.touchpoint_type
            and rules.taxonomy_version = '{{ var("taxonomy_version") }}'
            and (rules.when_intent is null or combinations.intent = rules.when_intent)
            and (rules.when_order is null or combinations.order_class = rules.when_order)
            and (rules.when_visit is null or combinations.visit_class = rules.when_visit)
            and (rules.when_delivered is null or combinations.is_delivered = (rules.when_delivered = 'yes'))
            and (rules.when_campaign is null or combinations.has_campaign = (rules.when_campaign = 'yes'))
    order by
        combinations.touchpoint_type, combinations.intent, combinations.order_class,
        combinations.visit_class, combinations.is_delivered, combinations.has_campaign,
        rules.priority
)

select
    matched.touchpoint_type,
    matched.intent,
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
    on matched.stage_key = stages.stage_key and stages.taxonomy_version = '{{ var("taxonomy_version") }}'
