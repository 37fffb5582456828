-- Every ticket and social request is in exactly one cell of social_support, but for tickets that took a request of their network over;
-- histograms hold the known times and nothing else; months hold the counted orders.
with tickets as (
    select tickets.* from {{ whole('fct_tickets', ['golden_customer_id', 'ticket_id', 'is_social', 'first_message_channel']) }} as tickets
),

requests as (
    select requests.* from {{ whole('fct_social_requests', ['golden_customer_id', 'request_id', 'ticket_id', 'channel', 'is_answered']) }} as requests
),

experiences as (
    select experiences.* from {{ whole('order_experience', ['golden_customer_id', 'order_id', 'is_counted', 'total_reporting_amount']) }} as experiences
),

taken_over as (
    select count(*) as tickets
    from tickets
    where is_social and exists (
        select 1 from requests where tickets.ticket_id = requests.ticket_id and tickets.first_message_channel = requests.channel
    )
),

figures as (
    select
        (select count(*) from tickets) + (select count(*) from requests) - (select tickets from taken_over) as requests_in,
        (select coalesce(sum(requests), 0) from {{ ref('social_support') }}) as requests_out,
        (select count(*) from experiences where is_counted) as orders_in,
        (select coalesce(sum(orders), 0) from {{ ref('order_month') }}) as orders_out,
        (select coalesce(sum(total_reporting_amount) filter (where is_counted), 0) from experiences) as revenue_in,
        (select coalesce(sum(revenue_amount), 0) from {{ ref('order_month') }}) as revenue_out
)

select *
from figures
where requests_in <> requests_out or orders_in <> orders_out or revenue_in <> revenue_out
