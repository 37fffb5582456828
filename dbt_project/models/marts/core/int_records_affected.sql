{{ config(
    schema='intermediate',
    indexes=[{'columns': ['source_record_key'], 'unique': true}, {'columns': ['golden_customer_id']}],
    post_hook='analyze {{ this }}',
) }}

-- the only place where marts meet the identity registry; everything else joins this table
with first_links as (
    -- only records that ever moved have a closed link; everybody else's first customer is today's
    select distinct on (source_record_key)
        source_record_key,
        golden_customer_id
    from {{ source('identity', 'record_links') }}
    where valid_to_run_id is not null
    order by source_record_key, valid_from_run_id
)

select
    links.source_record_key,
    links.golden_customer_id,
    coalesce(first_links.golden_customer_id, links.golden_customer_id) as golden_customer_id_first,
    coalesce(records.is_internal, false) as is_internal,
    links.decided_by,
    links.match_probability,
    links.valid_from_run_id
from {{ source('night', 'affected_customers') }} as affected
inner join {{ source('identity', 'record_links') }} as links
    on affected.golden_customer_id = links.golden_customer_id and links.valid_to_run_id is null
left join first_links on links.source_record_key = first_links.source_record_key
left join {{ ref('int_person_records') }} as records on links.source_record_key = records.source_record_key
