-- totals that a post tells of itself
select
    'content' as metric_level,
    posts.page_id as account_id,
    posts.id as content_id,
    figure.metric_name,
    'lifetime' as period,
    posts._export_date as metric_date,
    figure.metric_value,
    posts._is_deleted as is_deleted,
    posts._changed_seq
from {{ source('facebook_pages', 'post') }} as posts
cross join lateral (
    values
    ('shares_count', posts.shares_count::numeric),
    ('comments_count', posts.comments_count::numeric),
    ('reactions_count', posts.reactions_count::numeric),
    ('like_count', posts.like_count::numeric),
    ('love_count', posts.love_count::numeric),
    ('wow_count', posts.wow_count::numeric),
    ('haha_count', posts.haha_count::numeric),
    ('sad_count', posts.sad_count::numeric),
    ('angry_count', posts.angry_count::numeric)
) as figure (metric_name, metric_value)
where figure.metric_value is not null
