{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['metric_date', 'source_platform']}, {'columns': ['content_id']}],
) }}

select
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
left join {{ ref('metrics') }} as metrics
    on
        figures.source_platform = metrics.source_platform
        and figures.metric_level = metrics.metric_level
        and figures.metric_name = metrics.metric_name
where figures.metric_level = 'content' and figures.content_id is not null and not figures.is_deleted
