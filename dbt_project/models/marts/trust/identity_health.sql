{{ config(materialized='view', meta={'publish': 'view'}) }}

select
    run_id,
    export_date,
    kind as run_kind,
    reason,
    parameter_version,
    records_total,
    records_changed,
    pairs_compared,
    edges_certain as certain_edge_count,
    edges_probable as probable_edge_count,
    customers_total,
    created_count,
    merged_count,
    split_count,
    revived_count,
    retired_count,
    deleted_count,
    moved_count as moved_record_count,
    oversized_count,
    round(churn_rate::numeric, 6)::numeric(9, 6) as churn_rate,
    round(records_total::numeric / nullif(customers_total, 0), 4)::numeric(12, 4) as records_per_customer,
    started_at,
    finished_at,
    -- customers(t) = customers(t-1) + created + revived - merged away - retired - deleted + split off
    (customers_total - lag(customers_total) over (order by run_id))::bigint as customers_change
from {{ source('identity', 'runs') }}
where status = 'accepted'
