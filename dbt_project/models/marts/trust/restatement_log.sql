{{ config(materialized='view', meta={'publish': 'view'}) }}

-- totals are sums over live publishes: one that was rolled back moved nothing
with publishes as (
    select
        publish_id,
        export_date,
        published_at,
        identity_run_id,
        lag(export_date) over (order by publish_id) as previous_date
    from {{ source('ops', 'publish_log') }}
    where status = 'live'
),

totals as (
    select
        publishes.*,
        changes.mart,
        changes.metric,
        changes.period,
        changes.change,
        changes.reason,
        sum(changes.change) over (
            partition by changes.mart, changes.metric, changes.period order by changes.publish_id
        ) as total_after
    from {{ source('ops', 'monthly_changes') }} as changes
    inner join publishes on changes.publish_id = publishes.publish_id
)

select
    publish_id,
    export_date,
    published_at,
    identity_run_id,
    mart,
    metric,
    period as period_start_date,
    (total_after - change)::numeric(18, 2) as value_before,
    total_after::numeric(18, 2) as value_after,
    change::numeric(18, 2) as value_change,
    reason
from totals
where reason <> 'baseline' and (period + interval '1 month')::date <= previous_date
