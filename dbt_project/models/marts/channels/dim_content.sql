{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['content_type']}],
) }}

{%- set contribution %}
select
    touchpoints.content_id,
    kinds.content_type,
    count(*) as touchpoints,
    count(distinct touchpoints.golden_customer_id) as customers
from [[fct_touchpoints]] as touchpoints
inner join {{ content_kinds('[[fct_touchpoints]]') }} as kinds
    on
        touchpoints.touchpoint_type = kinds.touchpoint_type
        and touchpoints.content_id = kinds.content_key
        and coalesce(touchpoints.channel, '') = kinds.channel_key
where touchpoints.content_id is not null and touchpoints.direction = 'inbound' and not touchpoints.is_bot
group by 1, 2
{%- endset %}

with media as (
    select
        media_id,
        lower(max(media_product_type)) as media_format
    from {{ ref('stg_instagram__media') }}
    where not is_deleted
    group by 1
)

select
    cells.content_id,
    cells.content_type,
    types.content_type_name,
    types.depth_score,
    types.is_interactive,
    media.media_format,
    cells.touchpoints::bigint as touchpoints,
    cells.customers::bigint as customers
from {{ additive(
    keys=['content_id', 'content_type'], sums=['touchpoints', 'customers'], facts=['fct_touchpoints'], contribution=contribution
) }} as cells
left join {{ ref('content_types') }} as types on cells.content_type = types.content_type
left join media on cells.content_id = media.media_id
