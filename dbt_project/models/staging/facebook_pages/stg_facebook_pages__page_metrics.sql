-- what it is about, figure, metadata
select
    'account' as metric_level,
    metrics.page_id as account_id,
    figure.metric_name,
    'day' as period,
    {{ insight_day('metrics.date', 'metrics.date') }} as metric_date,
    figure.metric_value,
    metrics._is_deleted as is_deleted,
    metrics._changed_seq
from {{ source('facebook_pages', 'page_metrics') }} as metrics
cross join {{ extra_figures('metrics') }} as figure
