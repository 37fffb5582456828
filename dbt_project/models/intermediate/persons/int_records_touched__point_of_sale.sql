{{ config(materialized='ephemeral') }}

with changed_invoices as (
    select distinct invoice_no
    from {{ ref('stg_point_of_sale__invoice_lines') }}
    where {{ changed_since('point_of_sale', 'invoice_line', into='int_identifiers') }}
)

-- a cancellation without a customer belongs to the unknown buyer of the invoice that it cancels
select
    'point_of_sale'::text as source_platform,
    case when lines.customer_id is null then 'guest_order' else 'account' end as record_kind,
    coalesce(lines.customer_id, ltrim(lines.invoice_no, 'C')) as source_record_id,
    null::uuid as earlier_record_key
from changed_invoices
inner join {{ ref('stg_point_of_sale__invoice_lines') }} as lines on changed_invoices.invoice_no = lines.invoice_no
{%- if stores_earlier('int_orders') %}
union all
select
    null,
    null,
    null,
    orders.source_record_key
from changed_invoices
inner join {{ stored('int_orders') }} as orders on orders.order_id = 'point_of_sale:' || changed_invoices.invoice_no
{%- endif %}
{%- if stores_earlier('int_refunds') %}
union all
select
    null,
    null,
    null,
    refunds.source_record_key
from changed_invoices
inner join {{ stored('int_refunds') }} as refunds on refunds.refund_id = 'point_of_sale:' || changed_invoices.invoice_no
{%- endif %}
