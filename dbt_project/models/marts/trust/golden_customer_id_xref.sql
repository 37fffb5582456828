{{ config(materialized='view', meta={'publish': 'view'}) }}

-- an id that was split has several customers now; one that was erased, or whose records left, has none
select
    issued.golden_customer_id as issued_id,
    issued.created_date as issued_date,
    issued.status,
    holders.golden_customer_id,
    holders.records::bigint as record_count,
    coalesce(holders.golden_customer_id = issued.golden_customer_id, false) as is_same
from {{ source('identity', 'golden_customers') }} as issued
left join {{ source('identity', 'golden_customer_id_xref') }} as holders
    on issued.golden_customer_id = holders.any_golden_customer_id
