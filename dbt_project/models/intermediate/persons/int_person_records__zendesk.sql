{{ config(materialized='ephemeral') }}

-- a requester whose account has not arrived (yet) is a person all the same
with changed as (
    select source_record_id as user_id from {{ ref('int_records_touched') }} where source_platform = 'zendesk' and record_kind = 'support_user'
),

unknown_spans as (
    select
        changed.user_id,
        min(tickets.opened_at) as first_seen_at,
        max(tickets.opened_at) as last_seen_at
    from changed
    inner join {{ ref('stg_zendesk__tickets') }} as tickets on changed.user_id = tickets.requester_id
    where not tickets.is_deleted and changed.user_id not in (select users.user_id from {{ ref('stg_zendesk__users') }} as users)
    group by 1
)

select
    {{ source_record_key("'zendesk'", "'support_user'", 'changed.user_id') }} as source_record_key,
    'zendesk'::text as source_platform,
    'support_user'::text as record_kind,
    changed.user_id as source_record_id,
    users.email,
    users.phone,
    users.full_name,
    null::text as given_name,
    null::text as family_name,
    null::date as birth_date,
    null::text as address_line,
    null::text as city,
    null::text as postcode,
    null::text as region,
    null::text as country_code,
    null::text as company,
    users.is_email_verified,
    users.is_phone_shared,
    null::text as email_consent,
    null::text as sms_consent,
    null::timestamptz as email_consent_at,
    null::timestamptz as sms_consent_at,
    coalesce(users.created_at, unknown_spans.first_seen_at) as first_seen_at,
    coalesce(greatest(users.updated_at, users.last_login_at), users.created_at, unknown_spans.last_seen_at) as last_seen_at,
    coalesce(users.is_internal, false) as is_internal,
    coalesce(users.is_deleted, unknown_spans.user_id is null) as is_deleted
from changed
left join {{ ref('stg_zendesk__users') }} as users on changed.user_id = users.user_id
left join unknown_spans on changed.user_id = unknown_spans.user_id
