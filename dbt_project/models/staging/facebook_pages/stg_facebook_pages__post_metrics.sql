-- lifetime figures, as they stood at the end of a day
select
    'content' as metric_level,
    split_part(metrics.post_id, '_', 1) as account_id,
    metrics.post_id as content_id,
    figure.metric_name,
    'lifetime' as period,
    {{ insight_day('metrics.date', 'metrics.date') }} as metric_date,
    figure.metric_value,
    metrics._is_deleted as is_deleted,
    metrics._changed_seq
from {{ source('facebook_pages', 'post_metrics') }} as metrics
cross join {{ extra_figures('metrics') }} as figure
