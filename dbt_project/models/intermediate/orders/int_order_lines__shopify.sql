{{ config(materialized='ephemeral') }}

with changed as (
    {{ shopify_orders_changed(into='int_order_lines') }}
    union
    select source_order_id
    from {{ ref('int_orders') }}
    where source_platform = 'shopify' and {{ orders_changed_since(into='int_order_lines') }}
),

orders as (
    {{ shopify_orders('changed') }}
),

lines as (
    select
        orders.order_name,
        lines.line_no,
        lines.product_sku,
        lines.product_name,
        lines.quantity,
        lines.unit_price_amount,
        lines.discount_amount,
        lines.is_deleted
    from orders
    inner join {{ ref('stg_shopify__order_lines') }} as lines on orders.order_name = lines.order_name
    where orders.source_object = 'orders_export'
    union all
    -- the API's lines have ids and no position; deleted ones keep theirs, so that the others keep their numbers
    select
        orders.order_name,
        (row_number() over (partition by lines.source_order_id order by length(lines.order_line_id), lines.order_line_id))::integer,
        lines.product_sku,
        lines.product_name,
        lines.quantity,
        lines.unit_price_amount,
        lines.discount_amount,
        lines.is_deleted
    from orders
    inner join {{ ref('stg_shopify__api_order_lines') }} as lines on orders.source_order_id = lines.source_order_id
    where orders.source_object = 'order'
)

select
    placed.order_id,
    lines.line_no,
    placed.source_record_key,
    'shopify'::text as source_platform,
    lines.product_sku,
    lines.product_name,
    lines.quantity::numeric(18, 4) as quantity,
    lines.unit_price_amount::numeric(18, 4) as unit_price_amount,
    lines.discount_amount::numeric(18, 2) as discount_amount,
    round(lines.quantity * lines.unit_price_amount - lines.discount_amount, 2)::numeric(18, 2) as line_amount,
    lines.is_deleted or placed.is_deleted as is_deleted
from lines
inner join {{ ref('int_orders') }} as placed on lines.order_name = placed.source_order_id and placed.source_platform = 'shopify'
