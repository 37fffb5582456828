-- totals that a video tells of itself
select
    'content' as metric_level,
    videos.channel_id as account_id,
    videos.id as content_id,
    figure.metric_name,
    'lifetime' as period,
    videos._export_date as metric_date,
    figure.metric_value,
    videos._is_deleted as is_deleted,
    videos._changed_seq
from {{ source('youtube', 'video') }} as videos
cross join lateral (
    values
    ('view_count', videos.view_count::numeric),
    ('like_count', videos.like_count::numeric),
    ('dislike_count', videos.dislike_count::numeric),
    ('favorite_count', videos.favorite_count::numeric),
    ('comment_count', videos.comment_count::numeric)
) as figure (metric_name, metric_value)
where figure.metric_value is not null
