{{ config(materialized='ephemeral') }}

with changed as (
    select source_record_id as customer_id
    from {{ ref('int_records_touched') }}
    where source_platform = 'point_of_sale' and record_kind = 'account'
),

spans as (
    select
        changed.customer_id,
        min(lines.invoiced_at) as first_seen_at,
        max(lines.invoiced_at) as last_seen_at
    from changed
    inner join {{ ref('stg_point_of_sale__invoice_lines') }} as lines on changed.customer_id = lines.customer_id
    where not lines.is_deleted
    group by 1
)

select
    {{ source_record_key("'point_of_sale'", "'account'", 'changed.customer_id') }} as source_record_key,
    identifier.identifier_type,
    'point_of_sale.customer'::text as identifier_namespace,
    changed.customer_id as identifier_value,
    true as is_verified,
    spans.customer_id is null as is_deleted,
    spans.first_seen_at,
    spans.last_seen_at
from changed
-- as a vendor's merge too, since the shop notes till accounts on its customers
cross join (values ('account_id'), ('vendor_merge')) as identifier (identifier_type)
left join spans on changed.customer_id = spans.customer_id
