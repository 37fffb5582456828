{{ config(materialized='ephemeral') }}

with changed as (
    select distinct order_name
    from {{ ref('stg_shopify__order_lines') }}
    where {{ changed_since('shopify', 'orders_export', into='int_order_lines') }}
    union
    select source_order_id
    from {{ ref('int_orders') }}
    where source_platform = 'shopify' and {{ orders_changed_since(into='int_order_lines') }}
)

select
    orders.order_id,
    lines.line_no,
    orders.source_record_key,
    'shopify'::text as source_platform,
    lines.product_sku,
    lines.product_name,
    lines.quantity::numeric(18, 4) as quantity,
    lines.unit_price_amount::numeric(18, 4) as unit_price_amount,
    lines.discount_amount::numeric(18, 2) as discount_amount,
    round(lines.quantity * lines.unit_price_amount - lines.discount_amount, 2)::numeric(18, 2) as line_amount,
    lines.is_deleted or orders.is_deleted as is_deleted
from changed
inner join {{ ref('stg_shopify__order_lines') }} as lines on changed.order_name = lines.order_name
inner join {{ ref('int_orders') }} as orders on lines.order_name = orders.source_order_id and orders.source_platform = 'shopify'
