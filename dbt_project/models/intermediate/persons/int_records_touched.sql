{{ config(
    materialized='incremental',
    unique_key='source_record_key',
    on_schema_change='append_new_columns',
    pre_hook='{{ forget_touched() }}',
    post_hook='analyze {{ this }}',
) }}

-- Whom do the changed raw rows name, now or as they were stored? A corrected invoice touches its new buyer and its old one, who
-- may have no row left and then becomes a tombstone. What was stored is read from tables that are written after this one.
-- A part gives records that are named now (platform, kind, id) and keys of records that were (earlier_record_key).
with noted as (
    {%- for part in parts_of('int_records_touched') %}
    select
        source_platform,
        record_kind,
        source_record_id,
        earlier_record_key
    from {{ part }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        null as source_platform,
        null as record_kind,
        null as source_record_id,
        null::uuid as earlier_record_key
    where false
    {%- endfor %}
),

touched as (
    select
        {{ source_record_key('source_platform', 'record_kind', 'source_record_id') }} as source_record_key,
        source_platform,
        record_kind,
        source_record_id
    from noted
    where source_record_id is not null
    {%- if stores_earlier('int_person_records') %}
    union
    select
        records.source_record_key,
        records.source_platform,
        records.record_kind,
        records.source_record_id
    from noted
    inner join {{ stored('int_person_records') }} as records on noted.earlier_record_key = records.source_record_key
    {%- else %}
    group by 1, 2, 3, 4
    {%- endif %}
)

select
    source_record_key,
    source_platform,
    record_kind,
    source_record_id,
    {{ var('build_seq') }}::bigint as _changed_seq
from touched
