-- totals that a post tells of itself
select
    'content' as metric_level,
    media.owner_id as account_id,
    media.id as content_id,
    figure.metric_name,
    'lifetime' as period,
    media._export_date as metric_date,
    figure.metric_value,
    media._is_deleted as is_deleted,
    media._changed_seq
from {{ source('instagram', 'media') }} as media
cross join lateral (
    values
    ('like_count', media.like_count::numeric),
    ('comments_count', media.comments_count::numeric)
) as figure (metric_name, metric_value)
where figure.metric_value is not null
