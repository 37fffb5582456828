{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['metric_date', 'source_platform']}, {'columns': ['content_id']}],
) }}

-- Two objects of a platform may tell the same figure (its API, and an extract of a warehouse tool): one of them is enough.
select distinct on (figures.source_platform, figures.account_id, figures.content_id, figures.metric_name, figures.period, figures.breakdown, day.metric_date)
    figures.metric_key,
    figures.source_platform,
    coalesce(figures.account_id, '') as account_id,
    figures.content_id,
    figures.metric_date,
    figures.period,
    figures.metric_name,
    metrics.common_metric,
    metrics.unit,
    metrics.is_stock,
    figures.breakdown,
    figures.metric_value
from {{ ref('int_channel_metrics') }} as figures
cross join lateral (select case when figures.period <> 'lifetime' then figures.metric_date end as metric_date) as day
left join {{ ref('metrics') }} as metrics
    on
        figures.source_platform = metrics.source_platform
        and figures.metric_level = metrics.metric_level
        and figures.metric_name = metrics.metric_name
where figures.metric_level = 'content' and figures.content_id is not null and not figures.is_deleted
order by
    figures.source_platform, figures.account_id, figures.content_id, figures.metric_name, figures.period, figures.breakdown, day.metric_date,
    figures.metric_date desc, figures.source_object
