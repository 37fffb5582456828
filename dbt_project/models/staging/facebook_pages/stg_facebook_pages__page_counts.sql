-- how many people like and follow a page: a stock, one figure per day
select
    'account' as metric_level,
    counts.id as account_id,
    figure.metric_name,
    'day' as period,
    counts.seen_on as metric_date,
    figure.metric_value,
    counts._is_deleted as is_deleted,
    counts._changed_seq
from {{ source('facebook_pages', 'page_count') }} as counts
cross join lateral (
    values
    ('fan_count', counts.fan_count::numeric),
    ('followers_count', counts.followers_count::numeric),
    ('talking_about_count', counts.talking_about_count::numeric),
    ('were_here_count', counts.were_here_count::numeric),
    ('rating_count', counts.rating_count::numeric),
    ('overall_star_rating', counts.overall_star_rating::numeric)
) as figure (metric_name, metric_value)
where figure.metric_value is not null
