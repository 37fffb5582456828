-- how many people follow an account: a stock, one figure per day
select
    'account' as metric_level,
    counts.id as account_id,
    figure.metric_name,
    'day' as period,
    counts.seen_on as metric_date,
    figure.metric_value,
    counts._is_deleted as is_deleted,
    counts._changed_seq
from {{ source('instagram', 'account_count') }} as counts
cross join lateral (
    values
    ('followers_count', counts.followers_count::numeric),
    ('follows_count', counts.follows_count::numeric),
    ('media_count', counts.media_count::numeric)
) as figure (metric_name, metric_value)
where figure.metric_value is not null
