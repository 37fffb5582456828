{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['week_start']}],
) }}

{% set contribution %}
select
    firsts.week_start,
    firsts.friction,
    count(*) as customers,
    count(*) filter (where firsts.returned_within_30_days) as returned,
    count(*) filter (where firsts.ordered) as ordered
from (
    select
        visits.golden_customer_id,
        date_trunc('week', min(visits.occurred_at) at time zone '{{ var("reporting_timezone") }}')::date as week_start,
        case
            when coalesce(bool_or(requests.is_complaint), false) then 'complaint'
            when coalesce(bool_or(requests.is_unanswered), false) then 'unanswered_question'
            when bool_or(visits.visit_no = 1 and visits.touchpoint_type in ('cart_add', 'checkout_start', 'checkout_abandoned')) then 'cart_left'
            when
                bool_or(visits.visit_no = 1 and visits.touchpoint_type = 'site_search')
                and not bool_or(visits.visit_no = 1 and visits.touchpoint_type = 'product_view')
                then 'searched_in_vain'
            when count(*) filter (where visits.visit_no = 1) = 1 then 'one_page_only'
            else 'none'
        end as friction,
        coalesce(
            min(visits.occurred_at) filter (where visits.visit_no = 2) <= min(visits.occurred_at) + interval '30 days', false
        ) as returned_within_30_days,
        coalesce(bool_or(orders.first_ordered_at <= visits.occurred_at + interval '1 day' and visits.visit_no = 1), false) as ordered
    from [[fct_touchpoints]] as visits
    left join (
        select
            social_requests.golden_customer_id,
            min(social_requests.requested_at) as requested_at,
            bool_or(not social_requests.is_question) as is_complaint,
            bool_or(not social_requests.is_answered) as is_unanswered
        from [[fct_social_requests]] as social_requests
        group by 1
    ) as requests
        on visits.golden_customer_id = requests.golden_customer_id and visits.visit_no = 1
        and requests.requested_at between visits.occurred_at - interval '1 day' and visits.occurred_at + interval '1 day'
    left join (
        select
            placed.golden_customer_id,
            min(placed.ordered_at) as first_ordered_at
        from [[fct_orders]] as placed
        where placed.is_counted
        group by 1
    ) as orders on visits.golden_customer_id = orders.golden_customer_id
    where visits.visit_no <= 2 and not visits.is_bot
    group by 1
    having bool_or(visits.visit_no = 1)
) as firsts
group by 1, 2
{% endset %}

select
    week_start,
    friction,
    customers::bigint as customers,
    returned::bigint as returned,
    ordered::bigint as ordered,
    round(returned / nullif(customers, 0), 6)::numeric(9, 6) as return_rate,
    week_start + 7 + 30 <= {{ local_date(data_end()) }} as is_closed
from {{ additive(
    keys=['week_start', 'friction'],
    sums=['customers', 'returned', 'ordered'],
    facts=['fct_touchpoints', 'fct_social_requests', 'fct_orders'],
    contribution=contribution,
) }} as cells
