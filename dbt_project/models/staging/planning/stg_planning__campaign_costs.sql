select
    btrim(campaign) as campaign,
    lower(btrim(channel)) as channel,
    day as cost_date,
    amount as cost_amount,
    upper(btrim(currency)) as currency_code,
    impressions,
    clicks,
    _changed_seq
from {{ source('planning', 'campaign_cost') }}
where not _is_deleted
