{{ config(materialized='ephemeral') }}

with changed as (
    select distinct invoice_no
    from {{ ref('stg_point_of_sale__invoice_lines') }}
    where {{ changed_since('point_of_sale', 'invoice_line', into='int_order_lines') }} and not is_cancellation
    union
    select source_order_id
    from {{ ref('int_orders') }}
    where source_platform = 'point_of_sale' and {{ orders_changed_since(into='int_order_lines') }}
)

select
    orders.order_id,
    lines.line_no,
    orders.source_record_key,
    'point_of_sale'::text as source_platform,
    lines.product_sku,
    lines.product_name,
    lines.quantity::numeric(18, 4) as quantity,
    lines.unit_price::numeric(18, 4) as unit_price_amount,
    0::numeric(18, 2) as discount_amount,
    round(lines.quantity * lines.unit_price, 2)::numeric(18, 2) as line_amount,
    lines.is_deleted or orders.is_deleted as is_deleted
from changed
inner join {{ ref('stg_point_of_sale__invoice_lines') }} as lines on changed.invoice_no = lines.invoice_no
inner join {{ ref('int_orders') }} as orders on lines.invoice_no = orders.source_order_id and orders.source_platform = 'point_of_sale'
