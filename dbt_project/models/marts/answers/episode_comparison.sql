{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
select
    least(j.episode_no, 6) as episode_no,
    date_trunc('month', j.started_date)::date as started_month,
    j.outcome,
    count(*)::bigint as episodes,
    sum(j.touchpoint_count)::bigint as touchpoints,
    sum(j.channel_count)::bigint as channels,
    sum(j.loop_count + j.back_count)::bigint as steps_back,
    sum(j.order_count)::bigint as orders,
    sum(j.order_reporting_amount - j.refunded_reporting_amount)::numeric(18, 2) as net_reporting_amount,
    count(j.hours_to_order)::bigint as episodes_with_order,
    sum(coalesce(j.hours_to_order, 0))::numeric(18, 2) as hours_to_order
from [[fct_journeys]] as j
group by 1, 2, 3
{% endset %}

select
    episode_no,
    started_month,
    outcome,
    episodes::bigint as episodes,
    touchpoints::bigint as touchpoints,
    channels::bigint as channels,
    steps_back::bigint as steps_back,
    orders::bigint as orders,
    net_reporting_amount::numeric(18, 2) as net_reporting_amount,
    episodes_with_order::bigint as episodes_with_order,
    hours_to_order::numeric(18, 2) as hours_to_order
from {{ additive(
    keys=['episode_no', 'started_month', 'outcome'],
    sums=['episodes', 'touchpoints', 'channels', 'steps_back', 'orders', 'net_reporting_amount', 'episodes_with_order', 'hours_to_order'],
    facts=['fct_journeys'],
    contribution=contribution,
) }} as cells
