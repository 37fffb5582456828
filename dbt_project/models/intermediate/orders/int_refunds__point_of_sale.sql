{{ config(materialized='ephemeral') }}

with changed as (
    select distinct invoice_no
    from {{ ref('stg_point_of_sale__invoice_lines') }}
    where {{ changed_since('point_of_sale', 'invoice_line', into='int_refunds') }} and is_cancellation
),

cancellations as (
    select
        lines.invoice_no,
        max(lines.customer_id) filter (where not lines.is_deleted) as customer_id,
        coalesce(min(lines.invoiced_at) filter (where not lines.is_deleted), min(lines.invoiced_at)) as invoiced_at,
        coalesce(-sum(round(lines.quantity * lines.unit_price, 2)) filter (where not lines.is_deleted), 0) as refund_amount,
        bool_and(lines.is_deleted) as is_deleted
    from changed
    inner join {{ ref('stg_point_of_sale__invoice_lines') }} as lines on changed.invoice_no = lines.invoice_no
    group by 1
)

select
    'point_of_sale:' || invoice_no as refund_id,
    {{ source_record_key("'point_of_sale'", "case when customer_id is null then 'guest_order' else 'account' end", "coalesce(customer_id, ltrim(invoice_no, 'C'))") }}
        as source_record_key,
    'point_of_sale'::text as source_platform,
    -- the invoice that the number names; marts keep it only if that invoice exists and is the same customer's
    'point_of_sale:' || ltrim(invoice_no, 'C') as order_id,
    invoiced_at as refunded_at,
    'return'::text as compensation_type,
    refund_amount < 0 as is_correction,
    refund_amount::numeric(18, 2) as refund_amount,
    '{{ var("store_currency") }}'::text as currency_code,
    is_deleted
from cancellations
