{{ config(meta={'publish': 'whole'}) }}

select
    lifts.event_id,
    lifts.metric_code,
    events.event_title,
    events.starts_date,
    metrics.metric_name,
    round(lifts.lift::numeric, 4)::numeric(12, 4) as lift,
    round(lifts.lift_low::numeric, 4)::numeric(12, 4) as lift_low,
    round(lifts.lift_high::numeric, 4)::numeric(12, 4) as lift_high,
    lifts.lift_low > 0 or lifts.lift_high < 0 as is_clear,
    round(lifts.treated_before::numeric, 4)::numeric(18, 4) as treated_daily_before,
    round(lifts.treated_after::numeric, 4)::numeric(18, 4) as treated_daily_after,
    round(lifts.control_before::numeric, 4)::numeric(18, 4) as control_daily_before,
    round(lifts.control_after::numeric, 4)::numeric(18, 4) as control_daily_after,
    lifts.days_before,
    lifts.days_after,
    lifts.reason
from {{ source('journeys', 'stat_intervention_lifts') }} as lifts
inner join {{ ref('dim_event_calendar') }} as events on lifts.event_id = events.event_id
left join {{ ref('watched_metrics') }} as metrics on lifts.metric_code = metrics.metric_code
