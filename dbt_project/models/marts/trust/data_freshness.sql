{{ config(materialized='view', meta={'publish': 'view'}) }}

with batches as (
    select
        *,
        row_number() over (partition by platform, object, export_date order by batch_id desc) as attempt_no_from_last
    from {{ source('ops', 'batch_ledger') }}
),

days as (
    select
        platform as source_platform,
        export_date,
        count(distinct object)::integer as object_count,
        count(distinct object) filter (where status in ('promoted', 'repeated'))::integer as arrived_count,
        count(*) filter (where attempt_no_from_last = 1 and status = 'missing')::integer as missing_count,
        count(*) filter (where attempt_no_from_last = 1 and status in ('rejected', 'failed'))::integer as refused_count,
        sum(rows_read) filter (where status = 'promoted')::bigint as row_count,
        sum(rows_inserted + rows_updated + rows_tombstoned) filter (where status = 'promoted')::bigint as changed_row_count,
        sum(rows_rejected)::bigint as rejected_row_count,
        max(closed_at) filter (where status = 'promoted') as last_promoted_at
    from batches
    group by 1, 2
)

select
    source_platform,
    export_date,
    object_count,
    arrived_count,
    missing_count,
    refused_count,
    row_count,
    changed_row_count,
    rejected_row_count,
    last_promoted_at,
    -- how far this source is behind the newest night that any source has
    max(export_date) over () - max(export_date) filter (where arrived_count > 0) over (partition by source_platform) as days_behind,
    export_date = max(export_date) over (partition by source_platform) as is_latest
from days
