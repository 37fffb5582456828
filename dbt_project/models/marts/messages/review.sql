{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['month_start']}]) }}

{%- set keys = ['product_reference', 'month_start'] %}
{%- set sums = [
    'reviews', 'reviewers', 'rated_reviews', 'star_sum', 'low_reviews', 'high_reviews', 'verified_reviews', 'answered_reviews', 'asked',
    'asked_and_left', 'orders',
] %}
{%- set contribution %}
select
    coalesce(events.product_reference, '(all)') as product_reference,
    events.month_start,
    count(*) filter (where events.kind = 'review') as reviews,
    count(distinct events.golden_customer_id) filter (where events.kind = 'review') as reviewers,
    count(events.star_rating) as rated_reviews,
    coalesce(sum(events.star_rating), 0) as star_sum,
    count(*) filter (where events.star_rating <= 2) as low_reviews,
    count(*) filter (where events.star_rating >= 4) as high_reviews,
    count(*) filter (where events.is_verified_buyer) as verified_reviews,
    count(events.answered_at) as answered_reviews,
    count(*) filter (where events.kind = 'asked') as asked,
    count(*) filter (where events.kind = 'asked' and events.is_left) as asked_and_left,
    count(distinct events.order_id) filter (where events.kind = 'bought') as orders
from (
    -- as the review tools tell them: what analytics sees of the same reviews is not counted again
    select
        reviews.golden_customer_id,
        'review' as kind,
        coalesce(messages.product_reference, reviews.content_id, '(none)') as product_reference,
        date_trunc('month', reviews.occurred_date)::date as month_start,
        messages.star_rating,
        messages.is_verified_buyer,
        messages.answered_at,
        false as is_left,
        null::text as order_id
    from [[fct_touchpoints]] as reviews
    left join [[fct_messages]] as messages on reviews.touchpoint_id = messages.touchpoint_id
    where reviews.touchpoint_type = 'review_written' and not reviews.is_bot
    union all
    -- a request counts as followed when the same customer wrote a review within 60 days
    select
        asked.golden_customer_id,
        'asked',
        coalesce(asked.content_id, '(none)'),
        date_trunc('month', asked.occurred_date)::date,
        null,
        null,
        null,
        exists (
            select 1 from [[fct_touchpoints]] as left_reviews
            where
                left_reviews.golden_customer_id = asked.golden_customer_id
                and left_reviews.touchpoint_type = 'review_written'
                and left_reviews.occurred_at > asked.occurred_at
                and left_reviews.occurred_at <= asked.occurred_at + interval '60 days'
        ),
        null
    from [[fct_touchpoints]] as asked
    where asked.touchpoint_type = 'review_requested'
    union all
    select
        lines.golden_customer_id,
        'bought',
        coalesce(lines.product_sku, '(none)'),
        date_trunc('month', lines.ordered_date)::date,
        null,
        null,
        null,
        false,
        lines.order_id
    from [[fct_order_lines]] as lines
    where lines.is_counted
) as events
group by events.month_start, rollup (events.product_reference)
{%- endset %}

select
    cells.product_reference,
    cells.month_start,
    cells.reviews::bigint as reviews,
    cells.reviewers::bigint as reviewers,
    cells.rated_reviews::bigint as rated_reviews,
    cells.star_sum::bigint as star_sum,
    cells.low_reviews::bigint as low_reviews,
    cells.high_reviews::bigint as high_reviews,
    cells.verified_reviews::bigint as verified_reviews,
    cells.answered_reviews::bigint as answered_reviews,
    cells.asked::bigint as asked,
    cells.asked_and_left::bigint as asked_and_left,
    cells.orders::bigint as orders,
    round(cells.star_sum / nullif(cells.rated_reviews, 0), 2)::numeric(3, 2) as star_mean,
    round(cells.reviews / nullif(cells.orders, 0), 4)::numeric(9, 4) as review_rate,
    round(cells.answered_reviews / nullif(cells.reviews, 0), 4)::numeric(5, 4) as response_rate,
    round(cells.asked_and_left / nullif(cells.asked, 0), 4)::numeric(5, 4) as asked_left_rate
from {{ additive(keys=keys, sums=sums, facts=['fct_touchpoints', 'fct_messages', 'fct_order_lines'], contribution=contribution) }} as cells
