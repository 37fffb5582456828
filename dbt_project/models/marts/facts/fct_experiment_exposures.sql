{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['experiment_id', 'variant', 'exposed_date']}, {'columns': ['golden_customer_id']}],
) }}

-- One row per customer and split test: the first exposure. Who saw two variants (two devices, or two people merged) is kept,
-- marked and left out of results. What followed is counted within a fixed horizon from the exposure, so that late exposures
-- are not compared with early ones: results take an exposure only when its horizon is over.
with exposures as (
    select
        golden_customer_id,
        split_part(content_id, ':', 1) as experiment_id,
        substr(content_id, strpos(content_id, ':') + 1) as variant,
        touchpoint_id,
        occurred_at,
        source_priority
    from {{ ref('fct_touchpoints') }}
    where touchpoint_type = 'experiment_viewed' and not is_bot and strpos(content_id, ':') > 1
),

first_exposures as (
    select distinct on (golden_customer_id, experiment_id)
        golden_customer_id,
        experiment_id,
        variant,
        touchpoint_id,
        occurred_at as exposed_at
    from exposures
    order by golden_customer_id, experiment_id, occurred_at, source_priority, touchpoint_id
),

variants as (
    select
        golden_customer_id,
        experiment_id,
        count(distinct variant)::integer as variant_count
    from exposures
    group by 1, 2
),

-- the horizon of each exposure
bounded as (
    select
        first_exposures.*,
        first_exposures.exposed_at + interval '{{ var("experiment_horizon_days") }} days' as ends_at
    from first_exposures
),

bought as (
    select
        bounded.golden_customer_id,
        bounded.experiment_id,
        min(orders.ordered_at) as first_order_at,
        count(*)::integer as order_count,
        sum(orders.total_reporting_amount) as order_amount
    from bounded
    inner join {{ ref('fct_orders') }} as orders on bounded.golden_customer_id = orders.golden_customer_id
    where orders.is_counted and orders.ordered_at >= bounded.exposed_at and orders.ordered_at < bounded.ends_at
    group by 1, 2
),

carted as (
    select
        bounded.golden_customer_id,
        bounded.experiment_id,
        count(*) as entry_count
    from bounded
    inner join {{ ref('fct_touchpoints') }} as touchpoints on bounded.golden_customer_id = touchpoints.golden_customer_id
    where
        touchpoints.touchpoint_type in (select rules.touchpoint_type from {{ ref('watched_metric_rules') }} as rules where rules.metric_code = 'carts')
        and not touchpoints.is_bot
        and touchpoints.occurred_at > bounded.exposed_at
        and touchpoints.occurred_at < bounded.ends_at
    group by 1, 2
)

select
    bounded.golden_customer_id,
    bounded.experiment_id,
    bounded.variant,
    variants.variant_count > 1 as is_in_two_variants,
    bounded.touchpoint_id,
    bounded.exposed_at,
    {{ local_date('bounded.exposed_at') }} as exposed_date,
    extract(hour from bounded.exposed_at at time zone '{{ var("reporting_timezone") }}')::smallint as exposed_hour,
    {{ local_date('bounded.ends_at') }} as horizon_date,
    coalesce(bought.order_count, 0) as order_count,
    coalesce(bought.order_amount, 0)::numeric(18, 2) as order_reporting_amount,
    bought.first_order_at,
    coalesce(carted.entry_count, 0) > 0 as has_cart
from bounded
inner join variants on bounded.golden_customer_id = variants.golden_customer_id and bounded.experiment_id = variants.experiment_id
left join bought on bounded.golden_customer_id = bought.golden_customer_id and bounded.experiment_id = bought.experiment_id
left join carted on bounded.golden_customer_id = carted.golden_customer_id and bounded.experiment_id = carted.experiment_id
