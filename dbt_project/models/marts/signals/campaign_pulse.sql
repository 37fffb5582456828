{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['campaign', 'starts_at']}],
) }}

-- By the hour for the first 21 days of a campaign, by the day afterwards: a launch is watched closely, a year is not. A day's cost
-- cannot be told apart by hours: it stands on the first row of the day, and a day on which nothing happened is a row for its cost.
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
),

summed as (
    select
        campaign,
        grain,
        case grain
            when 'hour' then hour_at
            else metric_date::timestamp at time zone '{{ var("reporting_timezone") }}'
        end as starts_at,
        metric_date,
        sum(visits) as visits,
        sum(product_views) as product_views,
        sum(carts) as carts,
        sum(email_clicks) as email_clicks,
        sum(follows) as follows,
        sum(complaints) as complaints
    from periods
    group by 1, 2, 3, 4
),

rows_of_days as (
    select
        *,
        row_number() over (partition by campaign, metric_date order by starts_at, grain) as row_no
    from summed
    union all
    select
        costs.campaign,
        'day',
        costs.cost_date::timestamp at time zone '{{ var("reporting_timezone") }}',
        costs.cost_date,
        null,
        null,
        null,
        null,
        null,
        null,
        1
    from costs
    where not exists (
        select 1 from summed where costs.campaign = summed.campaign and costs.cost_date = summed.metric_date
    )
)

select
    rows_of_days.campaign,
    rows_of_days.grain,
    rows_of_days.starts_at,
    rows_of_days.metric_date,
    begun.began_at,
    (rows_of_days.metric_date - {{ local_date('begun.began_at') }})::integer as campaign_day,
    coalesce(rows_of_days.visits, 0)::bigint as visits,
    coalesce(rows_of_days.product_views, 0)::bigint as product_views,
    coalesce(rows_of_days.carts, 0)::bigint as carts,
    coalesce(rows_of_days.email_clicks, 0)::bigint as email_clicks,
    coalesce(rows_of_days.follows, 0)::bigint as follows,
    coalesce(rows_of_days.complaints, 0)::bigint as complaints,
    case when rows_of_days.row_no = 1 then costs.cost_amount end::numeric(18, 2) as cost_reporting_amount
from rows_of_days
inner join begun on rows_of_days.campaign = begun.campaign
left join costs on rows_of_days.campaign = costs.campaign and rows_of_days.metric_date = costs.cost_date
