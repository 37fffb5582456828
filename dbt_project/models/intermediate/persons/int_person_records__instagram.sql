{{ config(materialized='ephemeral') }}

with changed as (
    select source_record_id as scoped_id
    from {{ ref('int_records_touched') }}
    where source_platform = 'instagram' and record_kind = 'social_profile'
),

brand_accounts as (
    select owner_id as scoped_id
    from {{ ref('stg_instagram__media') }}
    where owner_id is not null
    {%- for scoped_id in var('instagram_brand_ids') %}
    union
    select '{{ scoped_id }}'
    {%- endfor %}
),

sightings as (
    select
        changed.scoped_id,
        comments.author_handle as handle,
        comments.commented_at as seen_at,
        comments.is_from_brand,
        comments.comment_id as source_id
    from changed
    inner join {{ ref('stg_instagram__comments') }} as comments on changed.scoped_id = comments.author_id
    where not comments.is_deleted
    union all
    select
        changed.scoped_id,
        messages.from_handle,
        messages.sent_at,
        false,
        messages.message_id
    from changed
    inner join {{ ref('stg_instagram__messages') }} as messages on changed.scoped_id = messages.from_id
    where not messages.is_deleted
    union all
    select
        changed.scoped_id,
        messages.to_handle,
        messages.sent_at,
        false,
        messages.message_id
    from changed
    inner join {{ ref('stg_instagram__messages') }} as messages on changed.scoped_id = messages.to_id
    where not messages.is_deleted
),

profiles as (
    select
        changed.scoped_id,
        min(sightings.seen_at) as first_seen_at,
        max(sightings.seen_at) as last_seen_at,
        coalesce(bool_or(sightings.is_from_brand), false) as has_brand_mark,
        count(sightings.source_id) = 0 as is_deleted
    from changed
    left join sightings on changed.scoped_id = sightings.scoped_id
    group by 1
)

select
    {{ source_record_key("'instagram'", "'social_profile'", 'profiles.scoped_id') }} as source_record_key,
    'instagram'::text as source_platform,
    'social_profile'::text as record_kind,
    profiles.scoped_id as source_record_id,
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
    null::text as country_code,
    null::text as company,
    null::boolean as is_email_verified,
    null::boolean as is_phone_shared,
    null::text as email_consent,
    null::text as sms_consent,
    null::timestamptz as email_consent_at,
    null::timestamptz as sms_consent_at,
    profiles.first_seen_at,
    profiles.last_seen_at,
    profiles.has_brand_mark or profiles.scoped_id in (select brand_accounts.scoped_id from brand_accounts) as is_internal,
    profiles.is_deleted
from profiles
