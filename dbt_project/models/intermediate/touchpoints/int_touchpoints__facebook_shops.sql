{{ config(materialized='ephemeral') }}

with changed as (
    select source_order_id as shops_order_id
    from {{ ref('int_orders') }}
    where source_platform = 'facebook_shops' and {{ orders_changed_since(into='int_touchpoints') }}
    union
    select shops_order_id
    from {{ ref('stg_facebook_shops__refunds') }}
    where {{ changed_since('facebook_shops', 'refund', into='int_touchpoints') }}
    union
    select shops_order_id
    from {{ ref('stg_facebook_shops__shipments') }}
    where {{ changed_since('facebook_shops', 'shipment', into='int_touchpoints') }}
),

orders as (
    select
        orders.*,
        sold_in.channel
    from changed
    inner join {{ ref('int_orders') }} as orders on changed.shops_order_id = orders.source_order_id and orders.source_platform = 'facebook_shops'
    inner join {{ ref('sales_channels') }} as sold_in on orders.sales_channel = sold_in.sales_channel
),

-- every moment an order can have; one that it does not have (any more) is a deleted row. Shipped is not received.
moments as (
    select
        'order'::text as source_object,
        orders.source_order_id as source_event_id,
        orders.source_record_key,
        moment.touchpoint_type,
        coalesce(moment.occurred_at, orders.ordered_at) as occurred_at,
        orders.channel,
        orders.order_id,
        orders.total_amount as value_amount,
        orders.currency_code,
        moment.source_priority,
        moment.occurred_at is null or orders.is_deleted as is_deleted
    from orders
    cross join lateral (
        values
        ('order_placed', orders.paid_at, 40),
        ('order_cancelled', orders.cancelled_at, 48)
    ) as moment (touchpoint_type, occurred_at, source_priority)
    union all
    select
        'refund',
        refunds.refund_id,
        refunds.source_record_key,
        'order_refunded',
        refunds.refunded_at,
        orders.channel,
        refunds.order_id,
        refunds.refund_amount,
        refunds.currency_code,
        49,
        refunds.is_deleted
    from orders
    inner join {{ ref('int_refunds') }} as refunds on orders.order_id = refunds.order_id
    union all
    select
        'shipment',
        shipments.shipment_id,
        orders.source_record_key,
        'shipment_update',
        shipments.shipped_at,
        'carrier',
        orders.order_id,
        null,
        null,
        42,
        shipments.is_deleted or orders.is_deleted
    from orders
    inner join {{ ref('stg_facebook_shops__shipments') }} as shipments on orders.source_order_id = shipments.shops_order_id
)

select
    {{ touchpoint_key("'facebook_shops'", 'touchpoint_type', 'source_event_id') }} as touchpoint_id,
    'facebook_shops'::text as source_platform,
    source_object,
    source_event_id,
    source_record_key,
    touchpoint_type,
    occurred_at,
    channel,
    null::text as campaign,
    null::text as content_id,
    order_id,
    null::text as ticket_id,
    null::text as intent,
    value_amount::numeric(18, 2) as value_amount,
    currency_code,
    source_priority::smallint as source_priority,
    false as is_bot,
    is_deleted
from moments
