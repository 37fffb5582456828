{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['activity_date', 'channel']}],
) }}

{%- set contribution %}
select
    activity_date,
    channel,
    campaign,
    content_id,
    sum(touchpoints) as touchpoints,
    sum(sessions) as sessions,
    sum(new_visitors) as new_visitors,
    sum(orders) as orders,
    sum(order_amount) as order_amount
from (
    -- what happened there: on the network itself, or as a visit that began there
    select
        touchpoints.occurred_date as activity_date,
        touchpoints.channel,
        coalesce(touchpoints.campaign, '(none)') as campaign,
        -- a page of the site is no post
        coalesce(case when not coalesce(touchpoints.is_visit_start, false) then touchpoints.content_id end, '(unknown)') as content_id,
        1 as touchpoints,
        coalesce(touchpoints.is_visit_start, false)::integer as sessions,
        (coalesce(touchpoints.is_visit_start, false) and touchpoints.visit_no = 1)::integer as new_visitors,
        0 as orders,
        0::numeric as order_amount
    from [[fct_touchpoints]] as touchpoints
    inner join {{ ref('channels') }} as channels
        on touchpoints.channel = channels.channel and channels.is_social and channels.channel_group is distinct from 'Support'
    where touchpoints.direction = 'inbound' and not touchpoints.is_bot and {{ is_no_service('touchpoints.stage_key') }}
    union all
    -- orders whose last touch that was not direct came from there
    select
        credited.converted_date,
        credited.channel,
        coalesce(credited.campaign, '(none)'),
        coalesce(case when channels.channel not in ('organic_social', 'paid_social') then credited.content_id end, '(unknown)'),
        0,
        0,
        0,
        1,
        coalesce(credited.value_amount, 0)
    from [[fct_attribution_touches]] as credited
    inner join {{ ref('channels') }} as channels on credited.channel = channels.channel and channels.is_social
    where credited.is_last_non_direct and credited.conversion_type in ('first_order', 'repeat_order')
) as activities
group by 1, 2, 3, 4
{%- endset %}

select
    activity_date,
    channel,
    campaign,
    content_id,
    touchpoints::bigint as touchpoints,
    sessions::bigint as sessions,
    new_visitors::bigint as new_visitors,
    orders::bigint as orders,
    order_amount::numeric(24, 2) as order_amount
from {{ additive(
    keys=['activity_date', 'channel', 'campaign', 'content_id'],
    sums=['touchpoints', 'sessions', 'new_visitors', 'orders', 'order_amount'],
    facts=['fct_touchpoints', 'fct_attribution_touches'],
    contribution=contribution
) }} as cells
