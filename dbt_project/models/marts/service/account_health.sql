{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['quarter_start']}]) }}

{% set contribution %}
select
    events.account_key,
    events.account_name,
    events.quarter_start,
    count(distinct events.golden_customer_id) as active_contacts,
    sum(events.touchpoints) as touchpoints,
    sum(events.complaints) as complaints,
    sum(events.sales_activities) as sales_activities,
    sum(events.tickets) as tickets,
    sum(events.orders) as orders,
    sum(events.revenue_amount) as revenue_amount
from (
    select
        members.account_key,
        members.account_name,
        members.golden_customer_id,
        date_trunc('quarter', touchpoints.occurred_date)::date as quarter_start,
        (touchpoints.direction = 'inbound')::integer as touchpoints,
        coalesce(touchpoints.intent = 'complaint' and touchpoints.direction = 'inbound', false)::integer as complaints,
        (touchpoints.touchpoint_type = 'sales_activity')::integer as sales_activities,
        (touchpoints.touchpoint_type = 'ticket_opened')::integer as tickets,
        0 as orders,
        0::numeric as revenue_amount
    from [[bridge_customer_accounts]] as members
    inner join [[fct_touchpoints]] as touchpoints on members.golden_customer_id = touchpoints.golden_customer_id
    where not touchpoints.is_bot
    union all
    select
        buyers.account_key,
        buyers.account_name,
        buyers.golden_customer_id,
        date_trunc('quarter', orders.ordered_date)::date,
        0,
        0,
        0,
        0,
        1,
        coalesce(orders.total_reporting_amount - orders.refunded_reporting_amount, 0)
    from [[bridge_customer_accounts]] as buyers
    inner join [[fct_orders]] as orders on buyers.golden_customer_id = orders.golden_customer_id
    where orders.is_counted
) as events
group by 1, 2, 3
{% endset %}

with cells as (
    select *
    from {{ additive(
        keys=['account_key', 'account_name', 'quarter_start'],
        sums=['active_contacts', 'touchpoints', 'complaints', 'sales_activities', 'tickets', 'orders', 'revenue_amount'],
        facts=['bridge_customer_accounts', 'fct_touchpoints', 'fct_orders'],
        contribution=contribution,
    ) }} as added
),

-- the quarter before, if it was active
compared as (
    select
        cells.*,
        case
            when lag(quarter_start) over by_quarter = (quarter_start - interval '3 months')::date then lag(revenue_amount) over by_quarter
        end as revenue_before
    from cells
    window by_quarter as (partition by account_key order by quarter_start)
)

select
    account_key,
    quarter_start,
    account_name,
    active_contacts::bigint as active_contacts,
    touchpoints::bigint as touchpoints,
    complaints::bigint as complaints,
    sales_activities::bigint as sales_activities,
    tickets::bigint as tickets,
    orders::bigint as orders,
    revenue_amount::numeric(18, 2) as revenue_amount,
    revenue_before::numeric(18, 2) as previous_quarter_revenue_amount,
    (
        25 * (orders > 0)::integer
        + 25 * (active_contacts >= 2)::integer
        + 25 * (complaints = 0)::integer
        + 25 * (revenue_amount > 0 and revenue_amount >= coalesce(revenue_before, 0))::integer
    )::smallint as relationship_points,
    (quarter_start + interval '3 months')::date <= {{ local_date(data_end()) }} as is_closed
from compared
