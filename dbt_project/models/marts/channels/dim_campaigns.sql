{{ config(meta={'publish': 'whole'}) }}

{%- set contribution %}
select
    touchpoints.campaign,
    coalesce(touchpoints.channel, '(unknown)') as channel,
    count(*) as touchpoints,
    count(*) filter (where touchpoints.direction = 'inbound') as responses,
    count(distinct touchpoints.golden_customer_id) as customers
from [[fct_touchpoints]] as touchpoints
where touchpoints.campaign is not null and not touchpoints.is_bot
group by 1, 2
{%- endset %}

select
    cells.campaign,
    cells.channel,
    cells.touchpoints::bigint as touchpoints,
    cells.responses::bigint as responses,
    cells.customers::bigint as customers,
    rule.purpose
from {{ additive(
    keys=['campaign', 'channel'], sums=['touchpoints', 'responses', 'customers'], facts=['fct_touchpoints'], contribution=contribution
) }} as cells
left join lateral (
    select rules.purpose
    from {{ ref('campaign_rules') }} as rules
    where
        (rules.campaign_pattern is null or cells.campaign ~* rules.campaign_pattern)
        and (rules.channel_pattern is null or cells.channel ~* rules.channel_pattern)
    order by rules.priority
    limit 1
) as rule on true
