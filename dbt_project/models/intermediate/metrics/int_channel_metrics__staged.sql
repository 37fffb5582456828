{{ config(materialized='ephemeral') }}

with staged as (
    {{ changed_metrics(into='int_channel_metrics') }}
),

-- a figure of a whole life is one row, however often it was looked at; one of a day is a row per day
keyed as (
    select
        md5(concat_ws(
            '|', source_platform, source_object, metric_level, coalesce(account_id, ''), coalesce(content_id, ''), metric_name,
            period, coalesce(breakdown, ''), case when period <> 'lifetime' then metric_date::text else '' end
        ))::uuid as metric_key,
        staged.*
    from staged
    where metric_level is not null and metric_name is not null and period is not null and metric_date is not null
)

-- two reports of one figure (a backfilled day): one that holds, of the later day of observation, of the larger value
select distinct on (metric_key)
    metric_key,
    source_platform,
    source_object,
    metric_level,
    account_id,
    content_id,
    metric_name,
    period,
    metric_date,
    breakdown,
    metric_value,
    is_deleted or metric_value is null as is_deleted
from keyed
order by metric_key, is_deleted, metric_date desc, metric_value desc nulls last
