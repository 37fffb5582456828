{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['golden_customer_id']}, {'columns': ['ordered_date', 'sales_channel']}],
) }}

with orders as (
    select
        order_id,
        golden_customer_id,
        sales_channel,
        ordered_at,
        ordered_date,
        customer_order_no,
        first_refunded_at,
        lead(ordered_at) over (partition by golden_customer_id order by ordered_at, order_id) as next_ordered_at
    from {{ ref('fct_orders') }}
    where is_counted
),

-- what the buyer wrote before the next order: each message after exactly one order
messages as (
    select
        orders.order_id,
        (count(*) filter (where messages.sentiment_class is not null))::integer as scored_message_count,
        (count(*) filter (where messages.sentiment_class = 'negative'))::integer as negative_message_count,
        (count(*) filter (where messages.topic in ('{{ var("return_topics") | join("', '") }}')))::integer as return_message_count,
        min(messages.occurred_at) filter (where messages.sentiment_class = 'negative') as first_negative_at,
        min(messages.occurred_at) filter (where messages.topic in ('{{ var("return_topics") | join("', '") }}')) as first_return_message_at,
        (array_agg(messages.topic order by messages.occurred_at, messages.touchpoint_id) filter (where messages.sentiment_class = 'negative' and messages.topic is not null))[1]
            as first_negative_topic
    from orders
    inner join {{ ref('fct_messages') }} as messages on orders.golden_customer_id = messages.golden_customer_id
    where
        not messages.is_bot
        and messages.occurred_at > orders.ordered_at
        and messages.occurred_at <= orders.ordered_at + interval '{{ var("post_purchase_days") }} days'
        and messages.occurred_at < coalesce(orders.next_ordered_at, 'infinity')
    group by 1
),

-- and every other word between brand and buyer; machines and campaigns are none
contacts as (
    select
        orders.order_id,
        (count(*) filter (where touchpoints.direction = 'inbound'))::integer as customer_contact_count,
        (count(*) filter (where touchpoints.touchpoint_type = 'ticket_opened'))::integer as ticket_count,
        (count(*) filter (where touchpoints.direction = 'outbound'))::integer as brand_message_count,
        min(touchpoints.occurred_at) filter (where touchpoints.direction = 'inbound') as first_contact_at,
        min(touchpoints.occurred_at) filter (where touchpoints.direction = 'outbound') as first_brand_message_at
    from orders
    inner join {{ ref('fct_touchpoints') }} as touchpoints on orders.golden_customer_id = touchpoints.golden_customer_id
    where
        touchpoints.touchpoint_type in ('{{ var("contact_types") | join("', '") }}')
        and touchpoints.occurred_at > orders.ordered_at
        and touchpoints.occurred_at <= orders.ordered_at + interval '{{ var("post_purchase_days") }} days'
        and touchpoints.occurred_at < coalesce(orders.next_ordered_at, 'infinity')
    group by 1
)

select
    orders.order_id,
    orders.golden_customer_id,
    personas.persona_code,
    orders.sales_channel,
    orders.ordered_at,
    orders.ordered_date,
    orders.customer_order_no,
    coalesce(contacts.customer_contact_count, 0) as customer_contact_count,
    coalesce(contacts.ticket_count, 0) as ticket_count,
    coalesce(contacts.brand_message_count, 0) as brand_message_count,
    contacts.first_contact_at,
    contacts.first_brand_message_at,
    coalesce(messages.scored_message_count, 0) as scored_message_count,
    coalesce(messages.negative_message_count, 0) as negative_message_count,
    coalesce(messages.negative_message_count, 0) > 0 as has_negative_message,
    messages.first_negative_at,
    messages.first_negative_topic,
    coalesce(messages.return_message_count, 0) as return_message_count,
    coalesce(messages.return_message_count, 0) > 0
    or coalesce(orders.first_refunded_at <= orders.ordered_at + interval '{{ var("post_purchase_days") }} days', false) as has_return_intent,
    least(
        messages.first_return_message_at,
        case when orders.first_refunded_at <= orders.ordered_at + interval '{{ var("post_purchase_days") }} days' then orders.first_refunded_at end
    ) as first_return_intent_at,
    orders.next_ordered_at
from orders
left join {{ ref('customer_persona') }} as personas on orders.golden_customer_id = personas.golden_customer_id
left join messages on orders.order_id = messages.order_id
left join contacts on orders.order_id = contacts.order_id
