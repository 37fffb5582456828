{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['golden_customer_id']}, {'columns': ['product_sku', 'ordered_date']}],
) }}

select
    lines.order_id,
    lines.line_no,
    orders.golden_customer_id,
    orders.source_platform,
    orders.sales_channel,
    orders.ordered_at,
    {{ local_date('orders.ordered_at') }} as ordered_date,
    orders.is_counted,
    lines.product_sku,
    lines.product_name,
    lines.quantity,
    lines.unit_price_amount,
    lines.discount_amount,
    lines.line_amount,
    orders.currency_code,
    round(lines.line_amount * orders.rate_to_reporting, 2)::numeric(18, 2) as line_reporting_amount
from {{ ref('int_orders_numbered') }} as orders
inner join {{ ref('int_order_lines') }} as lines on orders.order_id = lines.order_id
where not lines.is_deleted
