{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['week_start']}]) }}

{%- set keys = ['hashtag', 'week_start'] %}
{%- set sums = ['mentions', 'authors', 'matched_customers', 'buyers', 'scored_mentions', 'sentiment_sum', 'reach_sum', 'mentions_with_reach'] %}
{%- set contribution %}
select
    tags.hashtag,
    messages.occurred_week as week_start,
    count(*) as mentions,
    count(distinct messages.golden_customer_id) as authors,
    count(distinct messages.golden_customer_id) filter (
        where customers.has_email or customers.has_phone or customers.order_count > 0
    ) as matched_customers,
    count(distinct messages.golden_customer_id) filter (where customers.order_count > 0) as buyers,
    count(messages.sentiment) as scored_mentions,
    coalesce(sum(messages.sentiment), 0) as sentiment_sum,
    coalesce(sum(messages.reach), 0) as reach_sum,
    count(messages.reach) as mentions_with_reach
from [[fct_messages]] as messages
cross join lateral string_to_table(messages.hashtags, ' ') as tags (hashtag)
left join [[dim_customers]] as customers on messages.golden_customer_id = customers.golden_customer_id
where not messages.is_bot and messages.hashtags is not null
group by 1, 2
{%- endset %}

select
    cells.hashtag,
    cells.week_start,
    cells.mentions::bigint as mentions,
    cells.authors::bigint as authors,
    cells.matched_customers::bigint as matched_customers,
    cells.buyers::bigint as buyers,
    cells.scored_mentions::bigint as scored_mentions,
    cells.sentiment_sum::numeric(18, 4) as sentiment_sum,
    cells.reach_sum::bigint as reach_sum,
    cells.mentions_with_reach::bigint as mentions_with_reach,
    round(cells.sentiment_sum / nullif(cells.scored_mentions, 0), 4)::numeric(5, 4) as mean_sentiment,
    case when cells.mentions_with_reach > 0 then cells.reach_sum end::bigint as reach
from {{ additive(keys=keys, sums=sums, facts=['fct_messages', 'dim_customers'], contribution=contribution) }} as cells
