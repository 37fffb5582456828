{{ config(materialized='ephemeral') }}

-- The admin's CSV gives one cumulative figure without a date. Every version of an order that was ever stored is kept, so the night
-- on which the figure changed dates the difference.
with changed as (
    {{ shopify_orders_changed(into='int_refunds') }}
    union
    select source_order_id
    from {{ ref('int_orders') }}
    where source_platform = 'shopify' and {{ orders_changed_since(into='int_refunds') }}
),

delivered as (
    {{ shopify_orders('changed') }}
),

exported as (
    select order_name from delivered where source_object = 'orders_export'
),

versions as (
    select
        orders.order_name,
        orders.refunded_amount,
        orders._export_date,
        orders._batch_id
    from exported
    inner join {{ ref('stg_shopify__orders') }} as orders on exported.order_name = orders.order_name
    where not orders.is_deleted
    union all
    select
        versions.order_name,
        versions.refunded_amount,
        versions._export_date,
        versions._batch_id
    from exported
    inner join {{ ref('stg_shopify__order_versions') }} as versions on exported.order_name = versions.order_name
    where not versions.is_deleted
),

-- the last version of each night
nights as (
    select distinct on (order_name, _export_date)
        order_name,
        refunded_amount,
        _export_date
    from versions
    order by order_name, _export_date, _batch_id desc
),

increments as (
    select
        order_name,
        _export_date,
        refunded_amount - coalesce(lag(refunded_amount) over (partition by order_name order by _export_date), 0) as refund_amount
    from nights
)

select
    orders.order_id || ':' || increments._export_date as refund_id,
    orders.source_record_key,
    'shopify'::text as source_platform,
    orders.order_id,
    -- noon: the export date is the day in every reporting zone; never before the order itself
    greatest((increments._export_date + time '12:00') at time zone 'UTC', orders.ordered_at) as refunded_at,
    'refund'::text as compensation_type,
    increments.refund_amount < 0 as is_correction,
    increments.refund_amount::numeric(18, 2) as refund_amount,
    orders.currency_code,
    orders.is_deleted
from increments
inner join {{ ref('int_orders') }} as orders on increments.order_name = orders.source_order_id and orders.source_platform = 'shopify'
where increments.refund_amount <> 0
union all
-- the API dates each refund
select
    orders.order_id || ':' || refunds.refund_id,
    orders.source_record_key,
    'shopify',
    orders.order_id,
    greatest(refunds.refunded_at, orders.ordered_at),
    'refund',
    false,
    refunds.refund_amount,
    orders.currency_code,
    orders.is_deleted or refunds.is_deleted
from delivered
inner join {{ ref('stg_shopify__refunds') }} as refunds on delivered.source_order_id = refunds.source_order_id
inner join {{ ref('int_orders') }} as orders on delivered.order_name = orders.source_order_id and orders.source_platform = 'shopify'
where delivered.source_object = 'order' and refunds.refund_amount > 0
union all
-- every changed order is named, so that refunds it no longer has go
select
    null,
    null::uuid,
    null,
    orders.order_id,
    null::timestamptz,
    null,
    null::boolean,
    null::numeric,
    null,
    true
from changed
inner join {{ ref('int_orders') }} as orders on changed.order_name = orders.source_order_id and orders.source_platform = 'shopify'
