{{ config(materialized='ephemeral') }}

with buyers as (
    {{ touched('point_of_sale') }}
),

sightings as (
    select
        buyers.record_kind,
        buyers.source_record_id,
        lines.invoiced_at,
        lines.country
    from buyers
    inner join {{ ref('stg_point_of_sale__invoice_lines') }} as lines on buyers.source_record_id = lines.customer_id
    where buyers.record_kind = 'account' and not lines.is_deleted
    union all
    select
        buyers.record_kind,
        buyers.source_record_id,
        lines.invoiced_at,
        lines.country
    from buyers
    inner join {{ ref('stg_point_of_sale__invoice_lines') }} as lines
        on lines.invoice_no in (buyers.source_record_id, 'C' || buyers.source_record_id)
    where buyers.record_kind = 'guest_order' and lines.customer_id is null and not lines.is_deleted
),

spans as (
    select
        record_kind,
        source_record_id,
        min(invoiced_at) as first_seen_at,
        max(invoiced_at) as last_seen_at,
        (array_agg(country order by invoiced_at desc, country))[1] as country_code
    from sightings
    group by 1, 2
)

select
    {{ source_record_key("'point_of_sale'", 'buyers.record_kind', 'buyers.source_record_id') }} as source_record_key,
    'point_of_sale'::text as source_platform,
    buyers.record_kind,
    buyers.source_record_id,
    null::text as email,
    null::text as phone,
    null::text as full_name,
    null::text as given_name,
    null::text as family_name,
    null::date as birth_date,
    null::text as address_line,
    null::text as city,
    null::text as postcode,
    null::text as region,
    spans.country_code,
    null::text as company,
    null::boolean as is_email_verified,
    null::boolean as is_phone_shared,
    null::text as email_consent,
    null::text as sms_consent,
    null::timestamptz as email_consent_at,
    null::timestamptz as sms_consent_at,
    spans.first_seen_at,
    spans.last_seen_at,
    false as is_internal,
    spans.source_record_id is null as is_deleted
from buyers
left join spans on buyers.record_kind = spans.record_kind and buyers.source_record_id = spans.source_record_id
