{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['starts_date', 'metric_code']}],
) }}

-- The nearest event of the calendar within [starts - 6 h, ends + 48 h] explains an anomaly; the rest is the list of what nobody
-- can explain yet. A day is matched by any of its hours.
with anomalies as (
    select * from {{ source('journeys', 'stat_anomalies') }}
),

matched as (
    select distinct on (anomalies.metric_code, anomalies.channel, anomalies.grain, anomalies.method, anomalies.starts_at)
        anomalies.metric_code,
        anomalies.channel,
        anomalies.grain,
        anomalies.method,
        anomalies.starts_at,
        events.event_id,
        events.event_kind,
        events.event_title,
        round(extract(epoch from anomalies.starts_at - events.starts_at) / 3600.0, 1)::numeric(12, 1) as lag_hours
    from anomalies
    inner join {{ ref('dim_event_calendar') }} as events
        on
            (events.channel is null or anomalies.channel in ('(all)', events.channel))
            and anomalies.starts_at + case anomalies.grain when 'day' then interval '24 hours' else interval '1 hour' end
            > events.starts_at - interval '6 hours'
            -- what goes on for weeks explains its beginning, not every hour of it
            and anomalies.starts_at
            <= least(coalesce(events.ends_at, events.starts_at), events.starts_at + interval '7 days') + interval '48 hours'
    order by
        anomalies.metric_code, anomalies.channel, anomalies.grain, anomalies.method, anomalies.starts_at,
        abs(extract(epoch from anomalies.starts_at - events.starts_at)), events.event_id
)

select
    anomalies.metric_code,
    anomalies.channel,
    anomalies.grain,
    anomalies.method,
    anomalies.starts_at,
    {{ local_date('anomalies.starts_at') }} as starts_date,
    anomalies.direction,
    metrics.metric_name,
    round(anomalies.actual::numeric, 2)::numeric(18, 2) as actual_value,
    round(anomalies.expected::numeric, 2)::numeric(18, 2) as expected_value,
    round(anomalies.score::numeric, 2)::numeric(12, 2) as score,
    anomalies.p_value,
    case when metrics.better = anomalies.direction then 'good' else 'bad' end as reading,
    matched.event_id,
    matched.event_kind,
    matched.event_title,
    matched.lag_hours,
    matched.event_id is not null as is_explained
from anomalies
left join {{ ref('watched_metrics') }} as metrics on anomalies.metric_code = metrics.metric_code
left join matched
    on
        anomalies.metric_code = matched.metric_code
        and anomalies.channel = matched.channel
        and anomalies.grain = matched.grain
        and anomalies.method = matched.method
        and anomalies.starts_at = matched.starts_at
