{{ config(materialized='ephemeral') }}

-- a login has a record of its own, and so has a browser: what a browser says before a login stays with the browser
with changed as (
    {{ touched('segment') }}
),

messages as (
    select
        changed.record_kind,
        changed.source_record_id,
        events.*,
        true as is_own
    from changed
    inner join {{ ref('stg_segment__messages') }} as events on changed.source_record_id = events.user_id
    where changed.record_kind = 'account' and not events.is_deleted
    union all
    select
        changed.record_kind,
        changed.source_record_id,
        events.*,
        events.user_id is null
    from changed
    inner join {{ ref('stg_segment__messages') }} as events on changed.source_record_id = events.anonymous_id
    where changed.record_kind = 'cookie' and not events.is_deleted
),

spans as (
    select
        record_kind,
        source_record_id,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from messages
    group by 1, 2
),

-- per attribute the newest value that somebody gave
traits as (
    select
        record_kind,
        source_record_id,
        (array_agg(email order by occurred_at desc, message_id) filter (where email is not null))[1] as email,
        (array_agg(phone order by occurred_at desc, message_id) filter (where phone is not null))[1] as phone,
        (array_agg(full_name order by occurred_at desc, message_id) filter (where full_name is not null))[1] as full_name,
        (array_agg(given_name order by occurred_at desc, message_id) filter (where given_name is not null))[1] as given_name,
        (array_agg(family_name order by occurred_at desc, message_id) filter (where family_name is not null))[1] as family_name,
        (array_agg(birth_date order by occurred_at desc, message_id) filter (where birth_date is not null))[1] as birth_date,
        (array_agg(address_line order by occurred_at desc, message_id) filter (where address_line is not null))[1] as address_line,
        (array_agg(city order by occurred_at desc, message_id) filter (where city is not null))[1] as city,
        (array_agg(postcode order by occurred_at desc, message_id) filter (where postcode is not null))[1] as postcode,
        (array_agg(region order by occurred_at desc, message_id) filter (where region is not null))[1] as region,
        (array_agg(country_code order by occurred_at desc, message_id) filter (where country_code is not null))[1] as country_code,
        max(occurred_at) filter (where is_opt_in) as opted_in_at,
        max(occurred_at) filter (where is_opt_out) as opted_out_at
    from (
        select
            messages.*,
            web_events.touchpoint_type = 'opt_in' as is_opt_in,
            web_events.touchpoint_type = 'opt_out' as is_opt_out
        from messages
        left join {{ ref('web_events') }} as web_events on messages.event_name = web_events.event_name
        where
            messages.is_own
            and (
                coalesce(
                    messages.email, messages.phone, messages.full_name, messages.given_name, messages.family_name,
                    messages.address_line, messages.city, messages.postcode, messages.birth_date
                ) is not null
                or web_events.touchpoint_type in ('opt_in', 'opt_out')
            )
    ) as telling
    group by 1, 2
)

select
    {{ source_record_key("'segment'", 'changed.record_kind', 'changed.source_record_id') }} as source_record_key,
    'segment'::text as source_platform,
    changed.record_kind,
    changed.source_record_id,
    coalesce(traits.email, case when changed.record_kind = 'account' and changed.source_record_id like '%_@_%.__%' then changed.source_record_id end)
        as email,
    traits.phone,
    coalesce(traits.full_name, {{ join_text(['traits.given_name', 'traits.family_name']) }}) as full_name,
    traits.given_name,
    traits.family_name,
    case
        when pg_input_is_valid(traits.birth_date, 'date') then traits.birth_date::date
    end as birth_date,
    traits.address_line,
    traits.city,
    traits.postcode,
    traits.region,
    traits.country_code,
    null::text as company,
    null::boolean as is_email_verified,
    null::boolean as is_phone_shared,
    case
        when traits.opted_in_at >= coalesce(traits.opted_out_at, traits.opted_in_at) then 'subscribed'
        when traits.opted_out_at is not null then 'unsubscribed'
    end as email_consent,
    null::text as sms_consent,
    greatest(traits.opted_in_at, traits.opted_out_at) as email_consent_at,
    null::timestamptz as sms_consent_at,
    spans.first_seen_at,
    spans.last_seen_at,
    false as is_internal,
    spans.source_record_id is null as is_deleted
from changed
left join spans on changed.record_kind = spans.record_kind and changed.source_record_id = spans.source_record_id
left join traits on changed.record_kind = traits.record_kind and changed.source_record_id = traits.source_record_id
