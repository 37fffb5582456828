{{ config(materialized='ephemeral') }}

with changed as (
    select shops_order_id
    from {{ ref('stg_facebook_shops__order_items') }}
    where {{ changed_since('facebook_shops', 'order_item', into='int_order_lines') }}
    union
    select source_order_id
    from {{ ref('int_orders') }}
    where source_platform = 'facebook_shops' and {{ orders_changed_since(into='int_order_lines') }}
)

select
    orders.order_id,
    -- ids grow with time: a line that comes later does not move the others
    (row_number() over (partition by orders.order_id order by length(items.item_id), items.item_id))::integer as line_no,
    orders.source_record_key,
    'facebook_shops'::text as source_platform,
    items.product_sku,
    items.product_name,
    items.quantity::numeric(18, 4) as quantity,
    items.unit_price::numeric(18, 4) as unit_price_amount,
    0::numeric(18, 2) as discount_amount,
    round(items.quantity * items.unit_price, 2)::numeric(18, 2) as line_amount,
    items.is_deleted or orders.is_deleted as is_deleted
from changed
inner join {{ ref('stg_facebook_shops__order_items') }} as items on changed.shops_order_id = items.shops_order_id
inner join {{ ref('int_orders') }} as orders on items.shops_order_id = orders.source_order_id and orders.source_platform = 'facebook_shops'
