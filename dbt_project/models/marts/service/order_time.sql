{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['month_start', 'measure']}],
) }}

{% set contribution %}
select
    times.measure,
    date_trunc('month', orders.ordered_date)::date as month_start,
    orders.sales_channel,
    coalesce(orders.persona_code, 'unknown') as persona_code,
    {{ time_cell('times.hours') }} as time_cell,
    count(*) as orders
from [[order_experience]] as orders
cross join lateral (
    values
    ('intent_to_order', orders.minutes_from_intent / 60),
    ('order_to_carrier', case when not coalesce(orders.has_negative_lag, false) then orders.hours_to_ship end),
    ('order_to_delivery', case when not coalesce(orders.has_negative_lag, false) then orders.hours_to_deliver end),
    ('longest_silence', orders.longest_silence_hours)
) as times (measure, hours)
where orders.is_counted and times.hours >= 0
group by 1, 2, 3, 4, 5
{% endset %}

select
    measure,
    month_start,
    sales_channel,
    persona_code,
    time_cell,
    orders::bigint as orders,
    {{ time_of_cell('time_cell') }} as hours
from {{ additive(
    keys=['measure', 'month_start', 'sales_channel', 'persona_code', 'time_cell'],
    sums=['orders'],
    facts=['order_experience'],
    contribution=contribution,
) }} as cells
