-- how many subscribers, views and videos a channel has: stocks, one figure per day
select
    'account' as metric_level,
    counts.id as account_id,
    figure.metric_name,
    'day' as period,
    counts.seen_on as metric_date,
    figure.metric_value,
    counts._is_deleted as is_deleted,
    counts._changed_seq
from {{ source('youtube', 'channel_count') }} as counts
cross join lateral (
    values
    ('subscriber_count', counts.subscriber_count::numeric),
    ('view_count', counts.view_count::numeric),
    ('video_count', counts.video_count::numeric)
) as figure (metric_name, metric_value)
where figure.metric_value is not null
