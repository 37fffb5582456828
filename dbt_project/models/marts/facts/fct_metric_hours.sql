{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['hour_at']}, {'columns': ['campaign', 'metric_code']}],
) }}

-- What the brand watches, by hour: the one source of anomalies, campaigns, lifts and KPIs, so that they agree.
{% set contribution %}
    select
        rules.metric_code,
        coalesce(touchpoints.channel, '(unknown)') as channel,
        coalesce(touchpoints.campaign, '(none)') as campaign,
        date_trunc('hour', touchpoints.occurred_at) as hour_at,
        count(*)::numeric as metric_value
    from [[fct_touchpoints]] as touchpoints
    inner join {{ ref('watched_metric_rules') }} as rules
        on
            touchpoints.touchpoint_type = rules.touchpoint_type
            and (rules.when_intent is null or touchpoints.intent = rules.when_intent)
    where not touchpoints.is_bot
    group by 1, 2, 3, 4
    union all
    -- what several tools report of one act counts once
    select
        rules.metric_code,
        coalesce(conversions.conversion_channel, '(unknown)'),
        coalesce(conversions.campaign, '(none)'),
        date_trunc('hour', conversions.converted_at),
        count(*)::numeric
    from [[fct_conversions]] as conversions
    inner join {{ ref('watched_metric_rules') }} as rules on conversions.conversion_type = rules.conversion_type
    group by 1, 2, 3, 4
    union all
    select
        'visits',
        coalesce(touchpoints.channel, '(unknown)'),
        coalesce(touchpoints.campaign, '(none)'),
        date_trunc('hour', touchpoints.occurred_at),
        count(*)::numeric
    from [[fct_touchpoints]] as touchpoints
    where touchpoints.is_visit_start and not touchpoints.is_bot
    group by 2, 3, 4
    union all
    select
        orders_and_revenue.metric_code,
        coalesce(orders.sales_channel, '(unknown)'),
        '(none)',
        date_trunc('hour', orders.ordered_at),
        sum(orders_and_revenue.amount)
    from [[fct_orders]] as orders
    cross join lateral (values ('orders', 1::numeric), ('revenue', orders.total_reporting_amount)) as orders_and_revenue (metric_code, amount)
    where orders.is_counted
    group by 1, 2, 4
{% endset %}

select
    metric_code,
    channel,
    campaign,
    hour_at,
    {{ local_date('hour_at') }} as metric_date,
    metric_value::numeric(20, 2) as metric_value
from {{ additive(
    keys=['metric_code', 'channel', 'campaign', 'hour_at'], sums=['metric_value'], facts=['fct_touchpoints', 'fct_conversions', 'fct_orders'], contribution=contribution
) }} as cells
