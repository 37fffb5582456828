{{ config(meta={'publish': 'whole'}) }}

{#- Sums of what was said at each type of touchpoint, by month; bots apart. -#}
{%- set contribution %}
select
    date_trunc('month', messages.occurred_date)::date as month_start_date,
    messages.touchpoint_type,
    count(messages.sentiment) as scored_messages,
    coalesce(sum(round(messages.sentiment::numeric, 4)), 0) as sentiment_sum
from [[fct_messages]] as messages
where not messages.is_bot
group by 1, 2
{%- endset %}

select
    cells.month_start_date,
    cells.touchpoint_type,
    cells.scored_messages::bigint as scored_messages,
    cells.sentiment_sum::numeric(18, 4) as sentiment_sum
from {{ additive(
    keys=['month_start_date', 'touchpoint_type'], sums=['scored_messages', 'sentiment_sum'], facts=['fct_messages'], contribution=contribution
) }} as cells
