{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['golden_customer_id']}, {'columns': ['occurred_month', 'kind']}],
) }}

-- What customers said to others about the brand. Who listened is not in any export: the edge ends in a channel.
select
    touchpoints.touchpoint_id,
    touchpoints.golden_customer_id,
    touchpoints.occurred_at,
    date_trunc('month', touchpoints.occurred_date)::date as occurred_month,
    touchpoints.touchpoint_type as kind,
    touchpoints.channel as to_channel,
    messages.product_reference,
    messages.intent,
    messages.sentiment,
    messages.sentiment_class,
    messages.star_rating,
    case
        -- stars are the customer's own judgement: they come before what is read out of the words
        when messages.star_rating <= 2 then 'detractor'
        when messages.star_rating >= 4 then 'promoter'
        when messages.star_rating = 3 then 'passive'
        when messages.intent = 'complaint' or messages.sentiment_class = 'negative' then 'detractor'
        when messages.intent in ('praise', 'recommendation') or messages.sentiment_class = 'positive' then 'promoter'
        when messages.touchpoint_id is null and touchpoints.touchpoint_type = 'product_shared' then 'promoter'
        when messages.touchpoint_id is not null then 'passive'
    end as stance,
    messages.reach,
    messages.answered_at
from {{ ref('fct_touchpoints') }} as touchpoints
left join {{ ref('fct_messages') }} as messages on touchpoints.touchpoint_id = messages.touchpoint_id
where
    touchpoints.is_earned and not touchpoints.is_bot
    -- analytics sees that a review is written; the review itself comes from the review tool
    and touchpoints.touchpoint_type <> 'product_reviewed'
