{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['cost_date']}],
) }}

-- the rate of the day; a currency without a rate gives NULL, not nought: unknown spend must not look like none
select
    costs.campaign,
    costs.channel,
    costs.cost_date,
    costs.cost_amount,
    costs.currency_code,
    round(costs.cost_amount * rate.rate_to_reporting, 2)::numeric(18, 2) as cost_reporting_amount,
    costs.impressions,
    costs.clicks
from {{ ref('stg_planning__campaign_costs') }} as costs
left join lateral (
    select rates.rate_to_reporting
    from {{ ref('currency_rates') }} as rates
    where rates.currency_code = costs.currency_code and rates.valid_from <= costs.cost_date
    order by rates.valid_from desc
    limit 1
) as rate on true
