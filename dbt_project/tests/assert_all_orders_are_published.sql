-- Orders, refunds and tickets of the night's customers: as many in as out.
with counts as (
    select
        (
            select count(*)
            from {{ ref('int_orders') }} as orders
            inner join {{ ref('int_records_affected') }} as records on orders.source_record_key = records.source_record_key
            where not orders.is_deleted and not records.is_internal
        ) as orders_in,
        (select count(*) from {{ ref('fct_orders') }}) as orders_out,
        (
            select count(*)
            from {{ ref('int_refunds') }} as refunds
            inner join {{ ref('int_records_affected') }} as records on refunds.source_record_key = records.source_record_key
            where not refunds.is_deleted and not records.is_internal
        ) as refunds_in,
        (select count(*) from {{ ref('fct_refunds') }}) as refunds_out,
        (
            select count(*)
            from {{ ref('int_tickets') }} as tickets
            inner join {{ ref('int_records_affected') }} as records on tickets.source_record_key = records.source_record_key
            where not tickets.is_deleted and not records.is_internal
        ) as tickets_in,
        (select count(*) from {{ ref('fct_tickets') }}) as tickets_out
)

select *
from counts
where orders_in <> orders_out or refunds_in <> refunds_out or tickets_in <> tickets_out
