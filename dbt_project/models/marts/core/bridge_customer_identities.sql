{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['golden_customer_id']}, {'columns': ['source_platform', 'record_kind']}],
) }}

select
    records.source_record_key,
    records.golden_customer_id,
    records.golden_customer_id_first,
    source.source_platform,
    source.record_kind,
    source.source_record_id,
    records.decided_by,
    records.match_probability,
    records.valid_from_run_id as linked_by_run_id,
    source.first_seen_at,
    source.last_seen_at
from {{ affected() }} as records
inner join {{ ref('int_person_records') }} as source on records.source_record_key = source.source_record_key
where not records.is_internal
