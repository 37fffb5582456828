{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
select
    m.measure,
    case when j.is_first_order then 'first_order' else 'repeat_order' end as order_kind,
    coalesce(c.first_channel, '(unknown)') as channel,
    date_trunc('month', {{ local_date('j.first_order_at') }})::date as order_month,
    -- one long tail of a few is no distribution
    least(m.touches, 100) as touches,
    count(*)::bigint as converters,
    sum(m.touches)::bigint as touches_sum,
    sum(case when m.measure = 'consideration' then j.deeper_moves else 0 end)::bigint as deeper_moves,
    sum(case when m.measure = 'consideration' then j.consideration_moves else 0 end)::bigint as moves
from [[fct_journeys]] as j
inner join [[dim_customers]] as c on j.golden_customer_id = c.golden_customer_id
cross join lateral (values ('all', j.touches_before_order), ('consideration', j.consideration_touches)) as m (measure, touches)
where j.first_order_at is not null
group by 1, 2, 3, 4, 5
{% endset %}

select
    measure,
    order_kind,
    channel,
    order_month,
    touches,
    converters::bigint as converters,
    touches_sum::bigint as touches_sum,
    deeper_moves::bigint as deeper_moves,
    moves::bigint as moves
from {{ additive(
    keys=['measure', 'order_kind', 'channel', 'order_month', 'touches'],
    sums=['converters', 'touches_sum', 'deeper_moves', 'moves'],
    facts=['fct_journeys', 'dim_customers'],
    contribution=contribution,
) }} as cells
