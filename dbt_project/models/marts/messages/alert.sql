{{ config(materialized='view', meta={'publish': 'view'}) }}

-- Decisions are read where they are written, so that an acknowledged alert is one at once.
with decisions as (
    select
        alert_id,
        min(decided_at) filter (where action = 'acknowledged') as acknowledged_at,
        (array_agg(decided_by order by decided_at desc, decision_id desc))[1] as decided_by,
        (array_agg(decision order by decided_at desc, decision_id desc) filter (where decision is not null))[1] as decision,
        max(decided_at) as decided_at,
        min(decided_at) filter (where action = 'closed') as closed_by_hand_at
    from {{ source('decided', 'alert_decisions') }}
    group by alert_id
)

select
    alerts.*,
    decisions.acknowledged_at,
    least(decisions.closed_by_hand_at, alerts.quiet_at) as closed_at,
    decisions.decided_by,
    decisions.decision,
    decisions.decided_at,
    round(extract(epoch from decisions.acknowledged_at - alerts.raised_at) / 60.0, 1)::numeric(12, 1) as minutes_to_acknowledge
from {{ ref('fct_alerts') }} as alerts
left join decisions on alerts.alert_id = decisions.alert_id
