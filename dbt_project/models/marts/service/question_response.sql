{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['week_start']}],
) }}

{% set contribution %}
select
    requests.channel,
    coalesce(requests.previous_stage_key, '(none)') as previous_stage_key,
    requests.is_existing_customer,
    requests.requested_week as week_start,
    count(*) filter (where requests.is_answered) as answered_questions,
    count(*) filter (where requests.is_answered and requests.is_followed_by_order) as answered_orders,
    count(*) filter (where not requests.is_answered) as unanswered_questions,
    count(*) filter (where not requests.is_answered and requests.is_followed_by_order) as unanswered_orders
from [[fct_social_requests]] as requests
where requests.is_question and requests.is_answered is not null
group by 1, 2, 3, 4
{% endset %}

select
    channel,
    previous_stage_key,
    is_existing_customer,
    week_start,
    answered_questions::bigint as answered_questions,
    answered_orders::bigint as answered_orders,
    unanswered_questions::bigint as unanswered_questions,
    unanswered_orders::bigint as unanswered_orders,
    -- every day of the week has had its days to convert
    week_start + 7 + {{ var('question_conversion_days') }} <= {{ local_date(data_end()) }} as is_closed
from {{ additive(
    keys=['channel', 'previous_stage_key', 'is_existing_customer', 'week_start'],
    sums=['answered_questions', 'answered_orders', 'unanswered_questions', 'unanswered_orders'],
    facts=['fct_social_requests'],
    contribution=contribution,
) }} as cells
