{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['golden_customer_id']}, {'columns': ['conversion_type', 'closed_date']}],
    post_hook='analyze {{ this }}',
) }}

with touches as (
    select
        touches.*,
        max(touches.occurred_at) over (partition by touches.golden_customer_id) as last_touch_at
    from {{ marketing_touches() }} as touches
),

-- the customer's last look-back window: the path of whoever has not converted by the end of it
last_window as (
    select
        touches.*,
        bool_and(is_on_site) over (partition by golden_customer_id) as is_all_on_site
    from touches
    where occurred_at >= last_touch_at - interval '{{ var("attribution_days") }} days'
),

steps as (
    select
        conversion_id as path_key,
        golden_customer_id,
        conversion_id,
        conversion_type,
        converted_date as closed_date,
        case when touchpoint_id is not null then channel end as channel,
        touch_no,
        coalesce(lag(channel) over path <> channel, true) as is_change
    from {{ ref('fct_attribution_touches') }}
    window path as (partition by conversion_id order by touch_no)
    union all
    select
        md5('open|' || golden_customer_id::text)::uuid,
        golden_customer_id,
        null::uuid,
        null::text,
        {{ local_date("(last_touch_at + interval '" ~ var("attribution_days") ~ " days')") }},
        channel,
        row_number() over path,
        coalesce(lag(channel) over path <> channel, true)
    from last_window
    where is_all_on_site or not is_on_site
    window path as (partition by golden_customer_id order by occurred_at, source_priority, touchpoint_id)
),

paths as (
    select
        path_key,
        golden_customer_id,
        conversion_id,
        conversion_type,
        closed_date,
        count(channel)::integer as touch_count,
        coalesce(array_agg(channel order by touch_no) filter (where channel is not null and is_change), '{}') as channels
    from steps
    group by 1, 2, 3, 4, 5
),

types as (
    select
        golden_customer_id,
        array_agg(distinct conversion_type order by conversion_type) as converted_types
    from {{ ref('fct_conversions') }}
    group by 1
)

select
    paths.path_key,
    paths.golden_customer_id,
    paths.conversion_id,
    paths.conversion_type,
    paths.closed_date,
    paths.touch_count,
    paths.channels,
    case when paths.conversion_id is null then coalesce(types.converted_types, '{}') end as converted_types
from paths
left join types on paths.golden_customer_id = types.golden_customer_id
