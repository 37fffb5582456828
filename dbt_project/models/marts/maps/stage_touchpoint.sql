{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['month', 'stage_key']}],
) }}

{% set contribution %}
    select
        stage_key,
        touchpoint_type,
        coalesce(channel, '(unknown)') as channel,
        date_trunc('month', occurred_date)::date as month,
        count(*) as touchpoints,
        count(distinct golden_customer_id) as customers
    from [[fct_touchpoints]] as touchpoints
    where stage_key is not null
    group by 1, 2, 3, 4
{% endset %}

select
    cells.stage_key,
    cells.touchpoint_type,
    cells.channel,
    cells.month,
    types.touchpoint_name,
    types.medium,
    types.ownership,
    types.is_earned,
    types.owner_department,
    cells.touchpoints::bigint as touchpoints,
    cells.customers::bigint as customers
from {{ additive(
    keys=['stage_key', 'touchpoint_type', 'channel', 'month'], sums=['touchpoints', 'customers'], facts=['fct_touchpoints'], contribution=contribution
) }} as cells
left join {{ ref('touchpoint_types') }} as types on cells.touchpoint_type = types.touchpoint_type
