{{ config(meta={'publish': 'whole'}) }}

{#- How deep the touches before a first order go, one after another: the depth of a touch is that of its kind of content. -#}
{%- set contribution %}
select
    touched.order_month,
    least(touched.touch_no, 20) as touch_no,
    count(*) as touches,
    sum(touched.depth_score) as depth_sum,
    count(*) filter (where touched.depth_score > touched.depth_before) as deeper,
    count(*) filter (where touched.depth_score < touched.depth_before) as shallower
from (
    select
        journeys.order_month,
        types.depth_score,
        row_number() over in_order as touch_no,
        lag(types.depth_score) over in_order as depth_before
    from (
        select
            firsts.golden_customer_id,
            firsts.episode_no,
            firsts.first_order_at,
            date_trunc('month', {{ local_date('firsts.first_order_at') }})::date as order_month
        from [[fct_journeys]] as firsts
        where firsts.is_first_order
    ) as journeys
    inner join [[fct_touchpoints]] as touchpoints on journeys.golden_customer_id = touchpoints.golden_customer_id
    inner join {{ content_kinds('[[fct_touchpoints]]') }} as kinds
        on
            touchpoints.touchpoint_type = kinds.touchpoint_type
            and coalesce(touchpoints.content_id, '') = kinds.content_key
            and coalesce(touchpoints.channel, '') = kinds.channel_key
    inner join {{ ref('content_types') }} as types on kinds.content_type = types.content_type
    where
        touchpoints.episode_no = journeys.episode_no
        and touchpoints.occurred_at < journeys.first_order_at
        and touchpoints.stage_key is not null
        and touchpoints.direction = 'inbound'
        and not touchpoints.is_bot
    window in_order as (partition by journeys.golden_customer_id order by touchpoints.touchpoint_no)
) as touched
group by 1, 2
{%- endset %}

select
    order_month,
    touch_no::integer as touch_no,
    touches::bigint as touches,
    depth_sum::bigint as depth_sum,
    deeper::bigint as deeper,
    shallower::bigint as shallower
from {{ additive(
    keys=['order_month', 'touch_no'], sums=['touches', 'depth_sum', 'deeper', 'shallower'], facts=['fct_journeys', 'fct_touchpoints'],
    contribution=contribution
) }} as cells
