{{ config(materialized='view', meta={'publish': 'view', 'person_level': true}) }}

-- A view: ask it for one customer. The band is the stage in which the customer was when the touchpoint happened.
select
    touchpoints.golden_customer_id,
    touchpoints.touchpoint_no,
    touchpoints.touchpoint_id,
    touchpoints.occurred_at,
    touchpoints.occurred_date,
    touchpoints.episode_no,
    touchpoints.touchpoint_type,
    types.touchpoint_name,
    touchpoints.source_platform,
    touchpoints.channel,
    touchpoints.campaign,
    touchpoints.content_id,
    touchpoints.direction,
    touchpoints.ownership,
    touchpoints.order_id,
    touchpoints.ticket_id,
    touchpoints.intent,
    touchpoints.value_amount,
    touchpoints.currency_code,
    touchpoints.is_bot,
    touchpoints.stage_key,
    coalesce(touchpoints.stage_key, band.stage_key) as band_stage_key,
    stages.stage_name as band_stage_name,
    stages.macro_stage as band_macro_stage,
    stages.family as band_family
from {{ ref('fct_touchpoints') }} as touchpoints
inner join {{ ref('dim_touchpoint_types') }} as types on touchpoints.touchpoint_type = types.touchpoint_type
left join lateral (
    select entries.stage_key
    from {{ ref('fct_stage_entries') }} as entries
    where
        entries.golden_customer_id = touchpoints.golden_customer_id
        and entries.episode_no = touchpoints.episode_no
        and entries.entered_at <= touchpoints.occurred_at
    order by entries.seq_no desc
    limit 1
) as band on touchpoints.stage_key is null
left join {{ ref('dim_stages') }} as stages
    on coalesce(touchpoints.stage_key, band.stage_key) = stages.stage_key and touchpoints.taxonomy_version = stages.taxonomy_version
