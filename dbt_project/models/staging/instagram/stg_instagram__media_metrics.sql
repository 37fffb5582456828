-- figures of a post, reel or story so far
select
    'content' as metric_level,
    metrics.business_account_id as account_id,
    metrics.id as content_id,
    figure.metric_name,
    'lifetime' as period,
    coalesce((metrics.synced_at at time zone 'UTC')::date, metrics._export_date) as metric_date,
    figure.metric_value,
    metrics._is_deleted as is_deleted,
    metrics._changed_seq
from {{ source('instagram', 'media_metrics') }} as metrics
cross join {{ extra_figures('metrics') }} as figure
