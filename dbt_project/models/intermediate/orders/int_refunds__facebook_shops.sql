{{ config(materialized='ephemeral') }}

with changed as (
    select shops_order_id
    from {{ ref('stg_facebook_shops__refunds') }}
    where {{ changed_since('facebook_shops', 'refund', into='int_refunds') }}
    union
    select source_order_id
    from {{ ref('int_orders') }}
    where source_platform = 'facebook_shops' and {{ orders_changed_since(into='int_refunds') }}
)

select
    refunds.refund_id,
    orders.source_record_key,
    'facebook_shops'::text as source_platform,
    orders.order_id,
    refunds.refunded_at,
    'refund'::text as compensation_type,
    false as is_correction,
    coalesce(refunds.refund_amount, 0)::numeric(18, 2) as refund_amount,
    coalesce(refunds.currency_code, orders.currency_code) as currency_code,
    refunds.is_deleted or orders.is_deleted as is_deleted
from changed
inner join {{ ref('stg_facebook_shops__refunds') }} as refunds on changed.shops_order_id = refunds.shops_order_id
inner join {{ ref('int_orders') }} as orders on refunds.shops_order_id = orders.source_order_id and orders.source_platform = 'facebook_shops'
