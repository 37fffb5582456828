{{ config(
    meta={'publish': 'customer'},
    group='journey_analytics',
    indexes=[{'columns': ['persona_code']}],
    post_hook='analyze {{ this }}',
) }}

-- Rule personas: what the customer did, never who they are. First rule by priority wins; a blank condition always holds.
with customers as (
    select distinct golden_customer_id from {{ affected() }} where not is_internal
),

-- one row per visit first: counting distinct visits in one step would sort all touchpoints
visits as (
    select
        touchpoints.golden_customer_id,
        touchpoints.visit_no,
        count(*) filter (where signals.persona_signal = 'engagement') as engagement_count,
        count(*) filter (where signals.persona_signal = 'following') as follow_count,
        count(*) filter (where signals.persona_signal = 'deal') as deal_count,
        bool_or(signals.persona_signal is not distinct from 'choosing') as is_choosing
    from {{ ref('fct_touchpoints') }} as touchpoints
    left join {{ ref('persona_signals') }} as signals on touchpoints.touchpoint_type = signals.touchpoint_type
    where not touchpoints.is_bot
    group by 1, 2
),

behaviour as (
    select
        golden_customer_id,
        count(visit_no)::integer as visit_count,
        count(visit_no) filter (where is_choosing)::integer as choosing_visit_count,
        sum(engagement_count)::integer as engagement_count,
        sum(follow_count)::integer as follow_count,
        sum(deal_count)::integer as deal_count
    from visits
    group by 1
),

orders as (
    select
        golden_customer_id,
        count(*)::integer as order_count,
        count(*) filter (where discount_amount > 0 or discount_code is not null)::integer as discounted_order_count,
        count(*) filter (where is_gift)::integer as gift_order_count,
        case when count(*) > 1 then max(ordered_date) - min(ordered_date) end / nullif(count(*) - 1, 0)::numeric as days_between_orders
    from {{ ref('fct_orders') }}
    where is_counted
    group by 1
),

products as (
    select
        golden_customer_id,
        count(distinct product_sku)::integer as product_count
    from {{ ref('fct_order_lines') }}
    where is_counted and product_sku is not null
    group by 1
),

features as (
    select
        customers.golden_customer_id,
        coalesce(behaviour.visit_count, 0) as visit_count,
        coalesce(behaviour.choosing_visit_count, 0) as choosing_visit_count,
        coalesce(behaviour.engagement_count, 0) as engagement_count,
        coalesce(behaviour.follow_count, 0) as follow_count,
        coalesce(behaviour.deal_count, 0) as deal_count,
        coalesce(orders.order_count, 0) as order_count,
        coalesce(orders.discounted_order_count, 0) as discounted_order_count,
        coalesce(orders.gift_order_count, 0) as gift_order_count,
        coalesce(products.product_count, 0) as product_count,
        round(orders.days_between_orders, 2)::numeric(9, 2) as days_between_orders,
        round(behaviour.choosing_visit_count::numeric / nullif(behaviour.visit_count, 0), 4)::numeric(5, 4) as choosing_share,
        round(orders.discounted_order_count::numeric / nullif(orders.order_count, 0), 4)::numeric(5, 4) as discounted_share,
        round(orders.gift_order_count::numeric / nullif(orders.order_count, 0), 4)::numeric(5, 4) as gift_share
    from customers
    left join behaviour on customers.golden_customer_id = behaviour.golden_customer_id
    left join orders on customers.golden_customer_id = orders.golden_customer_id
    left join products on customers.golden_customer_id = products.golden_customer_id
),

evidenced as (
    select
        features.*,
        visit_count + engagement_count + follow_count + order_count as evidence_count
    from features
)

select
    evidenced.golden_customer_id,
    coalesce(rules.persona_code, 'unknown') as persona_code,
    rules.rule_priority,
    evidenced.evidence_count,
    evidenced.visit_count,
    evidenced.choosing_visit_count,
    evidenced.choosing_share,
    evidenced.engagement_count,
    evidenced.follow_count,
    evidenced.deal_count,
    evidenced.order_count,
    evidenced.discounted_order_count,
    evidenced.discounted_share,
    evidenced.gift_order_count,
    evidenced.gift_share,
    evidenced.product_count,
    evidenced.days_between_orders
from evidenced
left join lateral (
    select
        persona_rules.persona_code,
        persona_rules.rule_priority
    from {{ ref('persona_rules') }} as persona_rules
    where
        evidenced.evidence_count >= coalesce(persona_rules.min_evidence, 0)
        and evidenced.order_count between coalesce(persona_rules.min_orders, 0) and coalesce(persona_rules.max_orders, evidenced.order_count)
        and (persona_rules.max_days_between_orders is null or evidenced.days_between_orders <= persona_rules.max_days_between_orders)
        and evidenced.product_count >= coalesce(persona_rules.min_products, 0)
        and (persona_rules.min_discounted_share is null or evidenced.discounted_share >= persona_rules.min_discounted_share)
        and evidenced.gift_order_count >= coalesce(persona_rules.min_gift_orders, 0)
        and coalesce(evidenced.gift_share, 0) >= coalesce(persona_rules.min_gift_share, 0)
        and evidenced.deal_count >= coalesce(persona_rules.min_deals, 0)
        and evidenced.engagement_count >= coalesce(persona_rules.min_engagement, 0)
        and evidenced.engagement_count + evidenced.follow_count >= coalesce(persona_rules.min_engagement_and_follows, 0)
        and evidenced.follow_count >= coalesce(persona_rules.min_follows, 0)
        and evidenced.choosing_visit_count >= coalesce(persona_rules.min_choosing_visits, 0)
        -- without a visit there is no share: nothing is chosen
        and coalesce(evidenced.choosing_share, 0) >= coalesce(persona_rules.min_choosing_share, 0)
        and coalesce(evidenced.choosing_share, 0) < coalesce(persona_rules.max_choosing_share, 2)
    order by persona_rules.rule_priority
    limit 1
) as rules on true
