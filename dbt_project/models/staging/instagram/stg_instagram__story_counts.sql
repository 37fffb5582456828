-- totals that a story tells of itself
select
    'content' as metric_level,
    story.owner_id as account_id,
    story.id as content_id,
    figure.metric_name,
    'lifetime' as period,
    story._export_date as metric_date,
    figure.metric_value,
    story._is_deleted as is_deleted,
    story._changed_seq
from {{ source('instagram', 'story') }} as story
cross join lateral (
    values
    ('like_count', story.like_count::numeric),
    ('comments_count', story.comments_count::numeric)
) as figure (metric_name, metric_value)
where figure.metric_value is not null
