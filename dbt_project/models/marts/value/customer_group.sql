{{ config(meta={'publish': 'whole', 'person_level': true}) }}

-- What questions ask of all customers at once, so that none of them reads a million rows of customer_360.
{% set contribution %}
select
    groups.group_kind,
    groups.group_code,
    features.feature,
    features.feature_code,
    count(*) as customers,
    sum(c.order_count) as orders,
    sum(c.net_reporting_amount) as net_reporting_amount,
    sum(c.stance_evidence_count) as stance_signs,
    count(c.product_count) as customers_with_products,
    coalesce(sum(c.product_count), 0) as products,
    count(c.clv_reporting_amount) as customers_with_clv,
    coalesce(sum(c.clv_reporting_amount), 0) as clv_reporting_amount
from [[customer_360]] as c
cross join lateral (
    select
        'stance' as group_kind,
        coalesce(c.customer_stance, '(no sign)') as group_code
    union all
    select
        'buyers',
        case when c.clv_decile = 10 then 'best tenth' else 'other buyers' end
    where c.clv_decile is not null
    union all
    select
        'platform',
        p.platform
    from unnest(c.platforms) as p (platform)
) as groups
cross join lateral (
    values
    ('(all)', '(all)'),
    ('customer_stance', c.customer_stance),
    ('rfm_segment', c.rfm_segment),
    ('preferred_channel', c.preferred_channel),
    ('topic', c.top_topics[1])
) as features (feature, feature_code)
where features.feature_code is not null
group by 1, 2, 3, 4
{% endset %}

select
    group_kind,
    group_code,
    feature,
    feature_code,
    customers::bigint as customers,
    orders::bigint as orders,
    net_reporting_amount::numeric(24, 2) as net_reporting_amount,
    stance_signs::bigint as stance_signs,
    customers_with_products::bigint as customers_with_products,
    products::bigint as products,
    customers_with_clv::bigint as customers_with_clv,
    clv_reporting_amount::numeric(24, 2) as clv_reporting_amount
from {{ additive(
    keys=['group_kind', 'group_code', 'feature', 'feature_code'],
    sums=[
        'customers', 'orders', 'net_reporting_amount', 'stance_signs', 'customers_with_products', 'products', 'customers_with_clv',
        'clv_reporting_amount',
    ],
    facts=['customer_360'],
    contribution=contribution,
) }} as cells
