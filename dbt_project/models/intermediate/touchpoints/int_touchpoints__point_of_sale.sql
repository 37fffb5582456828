{{ config(materialized='ephemeral') }}

with changed as (
    select distinct invoice_no
    from {{ ref('stg_point_of_sale__invoice_lines') }}
    where {{ changed_since('point_of_sale', 'invoice_line', into='int_touchpoints') }}
    union
    select source_order_id
    from {{ ref('int_orders') }}
    where source_platform = 'point_of_sale' and {{ orders_changed_since(into='int_touchpoints') }}
),

moments as (
    select
        orders.source_order_id as source_event_id,
        orders.source_record_key,
        'store_purchase'::text as touchpoint_type,
        orders.ordered_at as occurred_at,
        orders.order_id,
        orders.total_amount as value_amount,
        orders.currency_code,
        orders.is_deleted
    from changed
    inner join {{ ref('int_orders') }} as orders on changed.invoice_no = orders.source_order_id and orders.source_platform = 'point_of_sale'
    union all
    select
        changed.invoice_no,
        refunds.source_record_key,
        'store_cancellation',
        refunds.refunded_at,
        refunds.order_id,
        refunds.refund_amount,
        refunds.currency_code,
        refunds.is_deleted
    from changed
    inner join {{ ref('int_refunds') }} as refunds on refunds.refund_id = 'point_of_sale:' || changed.invoice_no
)

select
    {{ touchpoint_key("'point_of_sale'", 'touchpoint_type', 'source_event_id') }} as touchpoint_id,
    'point_of_sale'::text as source_platform,
    'invoice_line'::text as source_object,
    source_event_id,
    source_record_key,
    touchpoint_type,
    occurred_at,
    'store'::text as channel,
    null::text as campaign,
    null::text as content_id,
    order_id,
    null::text as ticket_id,
    null::text as intent,
    value_amount::numeric(18, 2) as value_amount,
    currency_code,
    50::smallint as source_priority,
    false as is_bot,
    is_deleted
from moments
