{{ config(materialized='view', meta={'publish': 'view'}) }}

with touched as (
    select
        month_start_date,
        channel,
        sum(touchpoints) as touchpoints,
        sum(first_party_touchpoints) as first_party_touchpoints,
        sum(channel_customers) as customers,
        sum(channel_first_party_customers) as first_party_customers
    from {{ ref('touchpoint_cell') }}
    group by 1, 2
),

-- revenue by the last touch before the order; orders without a touch are a row of their own
earned as (
    select
        conversion_month as month_start_date,
        channel,
        sum(last_amount) as revenue_amount,
        sum(last_identified_amount) as first_party_revenue_amount
    from {{ ref('attribution_cell') }}
    where conversion_type in ('first_order', 'repeat_order')
    group by 1, 2
)

select
    coalesce(touched.month_start_date, earned.month_start_date) as month_start_date,
    coalesce(touched.channel, earned.channel) as channel,
    coalesce(touched.touchpoints, 0)::bigint as touchpoints,
    coalesce(touched.first_party_touchpoints, 0)::bigint as first_party_touchpoints,
    coalesce(touched.customers, 0)::bigint as customers,
    coalesce(touched.first_party_customers, 0)::bigint as first_party_customers,
    coalesce(earned.revenue_amount, 0)::numeric(24, 2) as revenue_amount,
    coalesce(earned.first_party_revenue_amount, 0)::numeric(24, 2) as first_party_revenue_amount,
    round(touched.first_party_touchpoints / nullif(touched.touchpoints, 0), 6)::numeric(9, 6) as first_party_touchpoint_share,
    round(touched.first_party_customers / nullif(touched.customers, 0), 6)::numeric(9, 6) as first_party_customer_share,
    round(earned.first_party_revenue_amount / nullif(earned.revenue_amount, 0), 6)::numeric(9, 6) as first_party_revenue_share
from touched
full outer join earned on touched.month_start_date = earned.month_start_date and touched.channel = earned.channel
