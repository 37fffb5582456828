{{ config(materialized='view', meta={'publish': 'view'}) }}

{%- set by_touch = [
    'first', 'last', 'last_non_direct', 'linear', 'position', 'j_shaped', 'inverse_j', 'time_decay', 'participation', 'markov_path'
] %}
{%- set shares = {'markov_global': 'markov_share', 'shapley_rate': 'shapley_rate_share'} %}

with cells as (
    select * from {{ ref('attribution_cell') }}
),

-- sessions and spend of a campaign's channel are the same whatever is credited with them
traffic as (
    select
        date_trunc('month', visit_date)::date as month_start_date,
        channel,
        campaign,
        sum(sessions) as sessions,
        sum(new_visitors) as new_visitors
    from {{ ref('channel_traffic') }}
    group by 1, 2, 3
),

costs as (
    select
        date_trunc('month', cost_date)::date as month_start_date,
        channel,
        campaign,
        -- one day of unknown cost makes the month unknown
        case when count(*) = count(cost_reporting_amount) then sum(cost_reporting_amount) end as cost_amount
    from {{ ref('fct_campaign_costs') }}
    group by 1, 2, 3
),

channel_traffic as (
    select
        month_start_date,
        channel,
        sum(sessions) as sessions,
        sum(new_visitors) as new_visitors
    from traffic
    group by 1, 2
),

channel_costs as (
    select
        month_start_date,
        channel,
        -- and one campaign of unknown cost the channel
        case when count(*) = count(cost_amount) then sum(cost_amount) end as cost_amount
    from costs
    group by 1, 2
),

-- what models of whole channels divide: everything but the conversions without a touch
totals as (
    select
        conversion_month,
        conversion_type,
        sum(linear_conversions) as conversions,
        sum(linear_amount) as amount
    from cells
    where channel <> '(unattributed)'
    group by 1, 2
),

of_touches as (
    {%- for model in by_touch %}
    select
        '{{ model }}'::text as model_id,
        cells.conversion_month,
        cells.conversion_type,
        cells.channel,
        cells.campaign,
        cells.{{ model }}_conversions as conversions,
        cells.{{ model }}_amount as value_amount
    from cells
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

of_channels as (
    select
        'shapley_volume'::text as model_id,
        cells.conversion_month,
        cells.conversion_type,
        cells.channel,
        sum(cells.shapley_volume_conversions) as conversions,
        sum(cells.shapley_volume_amount) as value_amount
    from cells
    group by 2, 3, 4
    {%- for model, share in shares.items() %}
    union all
    select
        '{{ model }}'::text as model_id,
        totals.conversion_month,
        totals.conversion_type,
        fits.channel,
        totals.conversions * fits.{{ share }} as conversions,
        totals.amount * fits.{{ share }} as value_amount
    from totals
    inner join {{ ref('attribution_fit') }} as fits on totals.conversion_type = fits.conversion_type
    where fits.{{ share }} is not null
    union all
    -- no share is known: linear; and conversions without a touch stay what they are
    select
        '{{ model }}'::text as model_id,
        cells.conversion_month,
        cells.conversion_type,
        cells.channel,
        sum(cells.linear_conversions) as conversions,
        sum(cells.linear_amount) as value_amount
    from cells
    where
        cells.channel = '(unattributed)'
        or not exists (
            select 1 from {{ ref('attribution_fit') }} as fits
            where cells.conversion_type = fits.conversion_type and fits.{{ share }} is not null
        )
    group by 2, 3, 4
    {%- endfor %}
),

credited as (
    select
        of_touches.model_id,
        of_touches.conversion_month,
        of_touches.conversion_type,
        of_touches.channel,
        of_touches.campaign,
        of_touches.conversions,
        of_touches.value_amount,
        traffic.sessions,
        traffic.new_visitors,
        costs.cost_amount
    from of_touches
    left join traffic
        on
            of_touches.conversion_month = traffic.month_start_date
            and of_touches.channel = traffic.channel
            and of_touches.campaign = traffic.campaign
    left join costs
        on
            of_touches.conversion_month = costs.month_start_date
            and of_touches.channel = costs.channel
            and of_touches.campaign = costs.campaign
    union all
    select
        of_channels.model_id,
        of_channels.conversion_month,
        of_channels.conversion_type,
        of_channels.channel,
        '(all)' as campaign,
        of_channels.conversions,
        of_channels.value_amount,
        channel_traffic.sessions,
        channel_traffic.new_visitors,
        channel_costs.cost_amount
    from of_channels
    left join channel_traffic
        on of_channels.conversion_month = channel_traffic.month_start_date and of_channels.channel = channel_traffic.channel
    left join channel_costs
        on of_channels.conversion_month = channel_costs.month_start_date and of_channels.channel = channel_costs.channel
)

select
    model_id,
    conversion_month,
    conversion_type,
    conversion_type = 'repeat_order' as is_existing_customer,
    channel,
    campaign,
    round(conversions, 12)::numeric(30, 12) as conversions,
    round(value_amount, 12)::numeric(30, 12) as value_amount,
    sessions::bigint as sessions,
    new_visitors::bigint as new_visitors,
    cost_amount::numeric(18, 2) as cost_amount,
    round(value_amount / nullif(cost_amount, 0), 4)::numeric(18, 4) as return_on_cost,
    case when conversions > 0 then round(cost_amount / conversions, 2) end::numeric(18, 2) as cost_per_conversion
from credited
where conversions <> 0 or value_amount <> 0
