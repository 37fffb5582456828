{{ config(materialized='ephemeral') }}

with changed as (
    select distinct invoice_no
    from {{ ref('stg_point_of_sale__invoice_lines') }}
    where {{ changed_since('point_of_sale', 'invoice_line', into='int_orders') }} and not is_cancellation
),

invoices as (
    select
        lines.invoice_no,
        max(lines.customer_id) filter (where not lines.is_deleted) as customer_id,
        min(lines.invoiced_at) filter (where not lines.is_deleted) as invoiced_at,
        min(lines.invoiced_at) as any_invoiced_at,
        sum(lines.quantity) filter (where not lines.is_deleted) as unit_count,
        coalesce(sum(round(lines.quantity * lines.unit_price, 2)) filter (where not lines.is_deleted), 0) as total_amount,
        bool_and(lines.is_deleted) as is_deleted
    from changed
    inner join {{ ref('stg_point_of_sale__invoice_lines') }} as lines on changed.invoice_no = lines.invoice_no
    group by 1
)

select
    'point_of_sale:' || invoice_no as order_id,
    {{ source_record_key("'point_of_sale'", "case when customer_id is null then 'guest_order' else 'account' end", 'coalesce(customer_id, invoice_no)') }}
        as source_record_key,
    'point_of_sale'::text as source_platform,
    invoice_no as source_order_id,
    null::text as alternate_order_id,
    coalesce(invoiced_at, any_invoiced_at) as ordered_at,
    coalesce(invoiced_at, any_invoiced_at) as paid_at,
    null::timestamptz as cancelled_at,
    'pos'::text as sales_channel,
    'paid'::text as financial_status,
    false as is_test,
    -- an invoice without value is a correction of the stock, not a purchase
    total_amount > 0 as is_paid,
    null::text as discount_code,
    null::boolean as is_gift,
    unit_count::numeric(18, 4) as unit_count,
    0::numeric(18, 2) as discount_amount,
    0::numeric(18, 2) as shipping_amount,
    null::numeric(18, 2) as tax_amount,
    total_amount::numeric(18, 2) as total_amount,
    '{{ var("store_currency") }}'::text as currency_code,
    is_deleted
from invoices
