{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['channel', 'visit_date']}],
) }}

{%- set contribution %}
select
    touchpoints.occurred_date as visit_date,
    coalesce(touchpoints.channel, '(unknown)') as channel,
    coalesce(touchpoints.campaign, '(none)') as campaign,
    count(*) as sessions,
    count(*) filter (where touchpoints.visit_no = 1) as new_visitors
from [[fct_touchpoints]] as touchpoints
where touchpoints.is_visit_start and not touchpoints.is_bot
group by 1, 2, 3
{%- endset %}

select
    visit_date,
    channel,
    campaign,
    sessions::bigint as sessions,
    new_visitors::bigint as new_visitors
from {{ additive(
    keys=['visit_date', 'channel', 'campaign'], sums=['sessions', 'new_visitors'], facts=['fct_touchpoints'], contribution=contribution
) }} as cells
