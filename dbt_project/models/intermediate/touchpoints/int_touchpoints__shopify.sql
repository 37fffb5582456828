{{ config(materialized='ephemeral') }}

with changed as (
    {{ shopify_orders_changed(into='int_touchpoints') }}
    union
    select source_order_id
    from {{ ref('int_orders') }}
    where source_platform = 'shopify' and {{ orders_changed_since(into='int_touchpoints') }}
),

delivered as (
    {{ shopify_orders('changed') }}
),

orders as (
    select
        orders.*,
        delivered.source_object
    from delivered
    inner join {{ ref('int_orders') }} as orders on delivered.order_name = orders.source_order_id and orders.source_platform = 'shopify'
),

-- every moment an order can have; one that it does not have (any more) is a deleted row
order_moments as (
    select
        orders.source_object,
        orders.source_order_id as source_event_id,
        orders.source_record_key,
        moment.touchpoint_type,
        coalesce(moment.occurred_at, orders.ordered_at) as occurred_at,
        sold_in.channel,
        orders.order_id,
        orders.total_amount as value_amount,
        orders.currency_code,
        moment.source_priority,
        moment.occurred_at is null or orders.is_deleted as is_deleted
    from orders
    inner join {{ ref('sales_channels') }} as sold_in on orders.sales_channel = sold_in.sales_channel
    cross join lateral (
        values
        ('order_placed', orders.ordered_at, 40),
        ('order_paid', case when orders.is_paid then orders.paid_at end, 41),
        ('order_cancelled', orders.cancelled_at, 48)
    ) as moment (touchpoint_type, occurred_at, source_priority)
),

-- refunds of changed orders, with those that an order no longer has
refund_moments as (
    select
        case when orders.source_object = 'order' then 'refund' else 'orders_export' end as source_object,
        refunds.refund_id as source_event_id,
        refunds.source_record_key,
        'order_refunded'::text as touchpoint_type,
        refunds.refunded_at as occurred_at,
        'web_shop'::text as channel,
        refunds.order_id,
        refunds.refund_amount as value_amount,
        refunds.currency_code,
        49 as source_priority,
        refunds.is_deleted or refunds.is_correction as is_deleted
    from orders
    inner join {{ ref('int_refunds') }} as refunds on orders.order_id = refunds.order_id
),

-- a parcel's person is the buyer, so a changed order changes its parcel's events too
parcel_events as (
    select events.*
    from {{ ref('stg_shopify__fulfillment_events') }} as events
    where {{ changed_since('shopify', 'fulfillment_event', into='int_touchpoints', column='events._changed_seq') }}
    union
    select events.*
    from orders
    inner join {{ ref('stg_shopify__fulfillment_events') }} as events on orders.alternate_order_id = 'shopify:id:' || events.source_order_id
),

parcel_moments as (
    select
        'fulfillment_event'::text as source_object,
        parcel_events.fulfillment_event_id as source_event_id,
        orders.source_record_key,
        kind.touchpoint_type,
        parcel_events.happened_at as occurred_at,
        'carrier'::text as channel,
        orders.order_id,
        null::numeric as value_amount,
        null::text as currency_code,
        kind.source_priority,
        parcel_events.is_deleted or orders.is_deleted or kind.touchpoint_type <> case
            when parcel_events.status = 'delivered' then 'shipment_delivered'
            when parcel_events.status = 'out_for_delivery' then 'shipment_out_for_delivery'
            when parcel_events.status in ('delayed', 'attempted_delivery', 'failure') then 'shipment_problem'
            when parcel_events.status in ('confirmed', 'label_purchased', 'label_printed', 'ready_for_pickup') then 'shipment_prepared'
            else 'shipment_update'
        end as is_deleted
    from parcel_events
    inner join {{ ref('int_orders') }} as orders on orders.alternate_order_id = 'shopify:id:' || parcel_events.source_order_id
    cross join (
        values
        ('shipment_prepared', 42),
        ('shipment_update', 42),
        ('shipment_problem', 43),
        ('shipment_out_for_delivery', 44),
        ('shipment_delivered', 45)
    ) as kind (touchpoint_type, source_priority)
),

-- parcels that were handed over to the carrier, where the shop says no more of them
parcels as (
    select parcels.*
    from {{ ref('stg_shopify__fulfillments') }} as parcels
    where {{ changed_since('shopify', 'fulfillment', into='int_touchpoints', column='parcels._changed_seq') }}
    union
    select parcels.*
    from orders
    inner join {{ ref('stg_shopify__fulfillments') }} as parcels on orders.alternate_order_id = 'shopify:id:' || parcels.source_order_id
),

dispatch_moments as (
    select
        'fulfillment'::text as source_object,
        'fulfillment:' || parcels.fulfillment_id as source_event_id,
        orders.source_record_key,
        'shipment_update'::text as touchpoint_type,
        parcels.dispatched_at as occurred_at,
        'carrier'::text as channel,
        orders.order_id,
        null::numeric as value_amount,
        null::text as currency_code,
        42 as source_priority,
        parcels.is_deleted or orders.is_deleted or not coalesce(parcels.is_dispatched, false) as is_deleted
    from parcels
    inner join {{ ref('int_orders') }} as orders on orders.alternate_order_id = 'shopify:id:' || parcels.source_order_id
    where parcels.dispatched_at is not null
),

-- visits before an order, as the shop traced them; the first and last of them come with the order too
changed_visits as (
    select visits.*
    from {{ ref('stg_shopify__visits') }} as visits
    where {{ changed_since('shopify', 'customer_journey', into='int_touchpoints', column='visits._changed_seq') }}
    union all
    select visits.*
    from orders
    inner join {{ ref('stg_shopify__visits') }} as visits on orders.alternate_order_id = 'shopify:id:' || visits.source_order_id
    union all
    select visits.*
    from orders
    inner join {{ ref('stg_shopify__order_visits') }} as visits on orders.alternate_order_id = 'shopify:id:' || visits.source_order_id
),

visits as (
    select distinct on (visit_id) *
    from changed_visits
    where occurred_at is not null
    order by visit_id, is_deleted, length(coalesce(campaign_source, '')) desc, _changed_seq desc
),

visit_channels as (
    select distinct on (visits.visit_id)
        visits.visit_id,
        rules.channel
    from visits
    inner join {{ ref('channel_rules') }} as rules
        on
            (rules.source_pattern is null or visits.campaign_source ~ rules.source_pattern)
            and (rules.medium_pattern is null or visits.campaign_medium ~ rules.medium_pattern)
            and (rules.referrer_pattern is null or visits.referrer_host ~ rules.referrer_pattern)
    where visits.campaign_source <> '' or visits.campaign_medium <> '' or visits.referrer_host <> ''
    order by visits.visit_id, rules.priority
),

visit_moments as (
    select
        'customer_journey'::text as source_object,
        'visit:' || visits.visit_id as source_event_id,
        orders.source_record_key,
        kind.touchpoint_type,
        visits.occurred_at,
        coalesce(visit_channels.channel, 'web_site') as channel,
        null::text as order_id,
        null::numeric as value_amount,
        null::text as currency_code,
        19 as source_priority,
        visits.is_deleted or orders.is_deleted or kind.is_ad_click <> coalesce(visits.has_click_id, false) as is_deleted,
        visits.campaign_name as campaign,
        visits.page_path as content_id
    from visits
    inner join {{ ref('int_orders') }} as orders on orders.alternate_order_id = 'shopify:id:' || visits.source_order_id
    left join visit_channels on visits.visit_id = visit_channels.visit_id
    cross join (values ('page_view', false), ('ad_click_visit', true)) as kind (touchpoint_type, is_ad_click)
),

order_bound as (
    select * from order_moments
    union all
    select * from refund_moments
    union all
    select * from parcel_moments
    union all
    select * from dispatch_moments
),

moments as (
    select
        order_bound.*,
        null::text as campaign,
        null::text as content_id
    from order_bound
    union all
    select * from visit_moments
)

select
    {{ touchpoint_key("'shopify'", 'touchpoint_type', 'source_event_id') }} as touchpoint_id,
    'shopify'::text as source_platform,
    source_object,
    source_event_id,
    source_record_key,
    touchpoint_type,
    occurred_at,
    channel,
    campaign,
    content_id,
    order_id,
    null::text as ticket_id,
    null::text as intent,
    value_amount::numeric(18, 2) as value_amount,
    currency_code,
    source_priority::smallint as source_priority,
    false as is_bot,
    is_deleted
from moments
