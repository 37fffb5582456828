{{ config(materialized='ephemeral') }}

{%- set attributes = [
    'email', 'phone', 'full_name', 'given_name', 'family_name', 'birth_date', 'address_line', 'city', 'postcode', 'region',
    'country_code', 'company', 'is_email_verified', 'is_phone_shared', 'email_consent', 'sms_consent', 'email_consent_at',
    'sms_consent_at', 'is_internal',
] %}
-- Per attribute the newest value that was seen. Parts of a name, and of an address, come from one sighting: half of an old
-- address in a new town is nobody's. Of two consents of one moment the refusal counts.
with seen as (
    {{ touched_sightings(attributes) }}
),

newest as (
    select
        source_record_key,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        bool_or(coalesce(is_internal, false)) as is_internal,
        (array_agg(email order by seen_at desc nulls last, sighting_id desc) filter (where email is not null))[1] as email,
        (array_agg(is_email_verified order by seen_at desc nulls last, sighting_id desc) filter (where email is not null))[1] as is_email_verified,
        (array_agg(phone order by seen_at desc nulls last, sighting_id desc) filter (where phone is not null))[1] as phone,
        (array_agg(is_phone_shared order by seen_at desc nulls last, sighting_id desc) filter (where phone is not null))[1] as is_phone_shared,
        (array_agg(birth_date order by seen_at desc nulls last, sighting_id desc) filter (where birth_date is not null))[1] as birth_date,
        (array_agg(company order by seen_at desc nulls last, sighting_id desc) filter (where company is not null))[1] as company,
        (array_agg(country_code order by seen_at desc nulls last, sighting_id desc) filter (where country_code is not null))[1] as country_alone,
        array_agg(array[full_name, given_name, family_name] order by seen_at desc nulls last, sighting_id desc)
            filter (where coalesce(full_name, given_name, family_name) is not null) as names,
        array_agg(array[address_line, city, postcode, region, country_code] order by seen_at desc nulls last, sighting_id desc)
            filter (where coalesce(address_line, city, postcode) is not null) as addresses,
        array_agg(array[email_consent, email_consent_at::text] order by coalesce(email_consent_at, seen_at) desc nulls last, email_consent desc)
            filter (where email_consent is not null) as email_consents,
        array_agg(array[sms_consent, sms_consent_at::text] order by coalesce(sms_consent_at, seen_at) desc nulls last, sms_consent desc)
            filter (where sms_consent is not null) as sms_consents
    from seen
    group by source_record_key
)

select
    touched.source_record_key,
    touched.source_platform,
    touched.record_kind,
    touched.source_record_id,
    newest.email,
    newest.phone,
    -- half a name is no full one
    coalesce(newest.names[1][1], newest.names[1][2] || ' ' || newest.names[1][3]) as full_name,
    newest.names[1][2] as given_name,
    newest.names[1][3] as family_name,
    newest.birth_date,
    newest.addresses[1][1] as address_line,
    newest.addresses[1][2] as city,
    newest.addresses[1][3] as postcode,
    newest.addresses[1][4] as region,
    coalesce(newest.addresses[1][5], newest.country_alone) as country_code,
    newest.company,
    newest.is_email_verified,
    newest.is_phone_shared,
    newest.email_consents[1][1] as email_consent,
    newest.sms_consents[1][1] as sms_consent,
    newest.email_consents[1][2]::timestamptz as email_consent_at,
    newest.sms_consents[1][2]::timestamptz as sms_consent_at,
    newest.first_seen_at,
    newest.last_seen_at,
    coalesce(newest.is_internal, false) as is_internal,
    newest.source_record_key is null as is_deleted
from {{ ref('int_records_touched') }} as touched
left join newest on touched.source_record_key = newest.source_record_key
where {{ is_sighted('touched') }}
