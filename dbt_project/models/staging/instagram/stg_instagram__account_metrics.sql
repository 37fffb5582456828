-- a name may end in the period that the figure covers: reach_days_28
select
    'account' as metric_level,
    metrics.business_account_id as account_id,
    regexp_replace(figure.metric_name, '_(week|days_28)$', '') as metric_name,
    coalesce(substring(figure.metric_name from '_(week|days_28)$'), 'day') as period,
    {{ insight_day('metrics.date', 'metrics.date') }} as metric_date,
    figure.metric_value,
    metrics._is_deleted as is_deleted,
    metrics._changed_seq
from {{ source('instagram', 'account_metrics') }} as metrics
cross join {{ extra_figures('metrics') }} as figure
