{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['golden_customer_id', 'opened_at']}, {'columns': ['opened_date', 'origin_channel']}, {'columns': ['order_id']}],
) }}

with records as (
    select * from {{ affected() }} where not is_internal
)

select
    tickets.ticket_id,
    records.golden_customer_id,
    records.source_record_key,
    tickets.source_platform,
    tickets.source_ticket_id,
    tickets.order_id,
    tickets.origin_channel,
    tickets.is_social,
    tickets.status,
    tickets.priority,
    tickets.intent,
    tickets.opened_at,
    {{ local_date('tickets.opened_at') }} as opened_date,
    tickets.solved_at,
    round(extract(epoch from tickets.solved_at - tickets.opened_at) / 3600.0, 2)::numeric(12, 2) as hours_to_solve,
    tickets.satisfaction_score,
    tickets.satisfaction_rated_at,
    coalesce(tickets.solved_at < tickets.opened_at, false) as is_lag_negative
from records
inner join {{ ref('int_tickets') }} as tickets on records.source_record_key = tickets.source_record_key
where not tickets.is_deleted
