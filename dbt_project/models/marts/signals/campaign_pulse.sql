{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['campaign', 'starts_at']}],
) }}

-- By the hour for the first 21 days of a campaign, by the day afterwards: a launch is watched closely, a year is not.
with hours as (
    select
        campaign,
        hour_at,
        metric_date,
        sum(metric_value) filter (where metric_code = 'visits') as visits,
        sum(metric_value) filter (where metric_code = 'product_views') as product_views,
        sum(metric_value) filter (where metric_code = 'carts') as carts,
        sum(metric_value) filter (where metric_code = 'email_clicks') as email_clicks,
        sum(metric_value) filter (where metric_code = 'follows') as follows,
        sum(metric_value) filter (where metric_code = 'complaints') as complaints
    from {{ ref('fct_metric_hours') }}
    where campaign <> '(none)'
    group by 1, 2, 3
),

begun as (
    select
        campaign,
        min(hour_at) as began_at
    from hours
    where visits > 0 or email_clicks > 0
    group by 1
),

periods as (
    select
        hours.*,
        begun.began_at,
        case
            when hours.hour_at < begun.began_at + interval '21 days' then 'hour'
            else 'day'
        end as grain
    from hours
    inner join begun on hours.campaign = begun.campaign
),

costs as (
    select
        campaign,
        cost_date,
        sum(cost_reporting_amount) as cost_amount
    from {{ ref('fct_campaign_costs') }}
    group by 1, 2
)

select
    periods.campaign,
    periods.grain,
    case periods.grain
        when 'hour' then periods.hour_at
        else periods.metric_date::timestamp at time zone '{{ var("reporting_timezone") }}'
    end as starts_at,
    min(periods.metric_date) as metric_date,
    min(periods.began_at) as began_at,
    (min(periods.metric_date) - min({{ local_date('periods.began_at') }}))::integer as campaign_day,
    coalesce(sum(periods.visits), 0)::bigint as visits,
    coalesce(sum(periods.product_views), 0)::bigint as product_views,
    coalesce(sum(periods.carts), 0)::bigint as carts,
    coalesce(sum(periods.email_clicks), 0)::bigint as email_clicks,
    coalesce(sum(periods.follows), 0)::bigint as follows,
    coalesce(sum(periods.complaints), 0)::bigint as complaints,
    -- a day's cost cannot be told apart by hours
    case when periods.grain = 'day' then max(costs.cost_amount) end::numeric(18, 2) as cost_reporting_amount
from periods
left join costs on periods.grain = 'day' and periods.campaign = costs.campaign and periods.metric_date = costs.cost_date
group by 1, 2, 3
