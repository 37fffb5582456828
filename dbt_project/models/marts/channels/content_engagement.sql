{{ config(meta={'publish': 'whole'}) }}

-- What networks report of posts, reels, videos and stories, by format. A figure so far (lifetime) is taken as it was last reported,
-- figures by day are added up; a figure that nobody reports is unknown, and takes no part in a rate.
with formats as (
    select
        figures.source_platform,
        figures.content_id,
        coalesce(
            case when bool_or(figures.source_object like '%story%') then 'stories' end,
            max(contents.media_format),
            max(contents.content_type),
            '(unknown)'
        ) as content_format
    from {{ ref('int_channel_metrics') }} as figures
    left join {{ ref('dim_content') }} as contents on figures.content_id = contents.content_id
    where figures.metric_level = 'content' and figures.content_id is not null and not figures.is_deleted
    group by 1, 2
),

named as (
    select
        source_platform,
        content_id,
        metric_date,
        metric_name,
        period,
        metric_value,
        -- who leaves a story: reported as a figure of its own, or as one way of navigating
        case
            when breakdown is null then coalesce(common_metric, metric_name)
            when metric_name = 'navigation' and breakdown ~* '=tap_exit$' then 'exits'
        end as metric
    from {{ ref('fct_content_days') }}
    where not coalesce(is_stock, false)
),

figures as (
    select
        source_platform,
        content_id,
        metric,
        coalesce(
            (array_agg(metric_value order by metric_date desc, metric_name) filter (where period = 'lifetime'))[1],
            sum(metric_value) filter (where period <> 'lifetime')
        ) as metric_value,
        min(metric_date) as first_date
    from named
    where metric is not null
    group by 1, 2, 3
),

contents as (
    select
        source_platform,
        content_id,
        date_trunc('month', min(first_date))::date as month_start_date,
        max(metric_value) filter (where metric = 'reach') as reach,
        coalesce(
            max(metric_value) filter (where metric = 'views'), max(metric_value) filter (where metric = 'impressions')
        ) as views,
        coalesce(
            max(metric_value) filter (where metric = 'interactions'),
            sum(metric_value) filter (where metric in ('likes', 'reactions', 'comments', 'shares', 'saves', 'replies'))
        ) as interactions,
        max(metric_value) filter (where metric = 'exits') as exits
    from figures
    group by 1, 2
)

select
    contents.source_platform,
    formats.content_format,
    contents.month_start_date,
    count(*)::bigint as contents,
    sum(contents.reach)::numeric(20, 2) as reach,
    sum(contents.views)::numeric(20, 2) as views,
    sum(contents.interactions)::numeric(20, 2) as interactions,
    round(sum(contents.interactions) / count(contents.interactions), 2)::numeric(20, 2) as interactions_per_content,
    round(
        sum(contents.interactions) filter (where contents.reach is not null)
        / nullif(sum(contents.reach) filter (where contents.interactions is not null), 0), 6
    )::numeric(12, 6) as engagement_rate,
    sum(contents.exits)::numeric(20, 2) as exits,
    round(
        1 - sum(contents.exits) filter (where contents.views is not null)
        / nullif(sum(contents.views) filter (where contents.exits is not null), 0), 6
    )::numeric(12, 6) as completion_rate
from contents
inner join formats on contents.content_id = formats.content_id and contents.source_platform = formats.source_platform
group by 1, 2, 3
