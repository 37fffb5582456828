{{ config(materialized='view', meta={'publish': 'view'}) }}

select
    journeys.golden_customer_id,
    journeys.episode_no,
    journeys.is_first_episode,
    journeys.is_latest_episode,
    journeys.started_date,
    journeys.outcome,
    journeys.entry_stage_key,
    journeys.furthest_stage_key,
    journeys.current_stage_key,
    journeys.touchpoint_count,
    journeys.channel_count,
    journeys.loop_count,
    journeys.back_count,
    journeys.skip_count,
    journeys.order_count,
    journeys.order_reporting_amount,
    journeys.hours_to_order,
    journeys.touches_before_order,
    first_journeys.touchpoint_count as first_episode_touchpoint_count,
    first_journeys.hours_to_order as first_episode_hours_to_order,
    journeys.touchpoint_count - first_journeys.touchpoint_count as touchpoints_against_first,
    journeys.hours_to_order - first_journeys.hours_to_order as hours_to_order_against_first,
    journeys.taxonomy_version
from {{ ref('fct_journeys') }} as journeys
left join {{ ref('fct_journeys') }} as first_journeys
    on journeys.golden_customer_id = first_journeys.golden_customer_id and first_journeys.episode_no = 1
