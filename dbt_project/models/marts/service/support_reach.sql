{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
select
    customers.is_identified,
    customers.order_count > 0 as has_ordered,
    count(*) as customers,
    count(*) filter (where contacts.golden_customer_id is not null) as customers_with_request,
    count(*) filter (where contacts.has_social_request) as customers_with_social_request
from [[dim_customers]] as customers
left join (
    select
        requests.golden_customer_id,
        bool_or(requests.is_social) as has_social_request
    from ({{ support_requests() }}) as requests
    group by 1
) as contacts on customers.golden_customer_id = contacts.golden_customer_id
group by 1, 2
{% endset %}

select
    is_identified,
    has_ordered,
    customers::bigint as customers,
    customers_with_request::bigint as customers_with_request,
    customers_with_social_request::bigint as customers_with_social_request,
    round(customers_with_social_request / nullif(customers, 0), 6)::numeric(9, 6) as social_share_of_all,
    round(customers_with_social_request / nullif(customers_with_request, 0), 6)::numeric(9, 6) as social_share_of_requesting
from {{ additive(
    keys=['is_identified', 'has_ordered'],
    sums=['customers', 'customers_with_request', 'customers_with_social_request'],
    facts=['dim_customers', 'fct_tickets', 'fct_social_requests'],
    contribution=contribution,
) }} as cells
