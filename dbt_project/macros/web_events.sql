{#-
  Web analytics: Segment, GA4 and Snowplow tell the same of a visitor, so their parts of persons, identifiers and touchpoints are
  these macros over one staging model each. Its columns: message_id, anonymous_id (first-party cookie), linked_cookie_id (a second
  one), device_id (advertising id), user_id, previous_id, message_type (page, screen, track, identify, alias, group), event_name
  (lower case, words joined by blanks), occurred_at, page_url, page_path, click_id, product_id, order_reference, value_amount,
  currency_code, campaign_name, campaign_source, campaign_medium, referrer, user_agent, is_bot, email, phone, full_name, given_name,
  family_name, birth_date, address_line, city, postcode, region, country_code, is_deleted, _changed_seq.
  A row's id stands for whom it names: a message that names somebody else has another id. So nobody was named by an earlier version.
-#}
{% macro web_platform(platform) -%}
    {{ return({
        'segment': {'model': 'stg_segment__messages', 'object': 'message', 'users': var('segment_user_namespace'),
            'cookies': 'segment.anonymous', 'linked_cookies': 'segment.linked', 'devices': 'advertising_id'},
        'ga4': {'model': 'stg_ga4__events', 'object': 'event', 'users': var('ga4_user_namespace'),
            'cookies': 'ga4.client', 'linked_cookies': 'ga4.linked', 'devices': 'advertising_id'},
        'snowplow': {'model': 'stg_snowplow__events', 'object': 'event', 'users': var('snowplow_user_namespace'),
            'cookies': 'snowplow.domain_userid', 'linked_cookies': 'snowplow.network_userid', 'devices': 'advertising_id'},
    }[platform]) }}
{%- endmacro %}

{#- A user id that is an e-mail address identifies by the address; it is no account number of the shop. -#}
{% macro is_email_like(expression) -%}
    ({{ expression }} like '%_@_%.__%')
{%- endmacro %}

{% macro web_records_touched(platform) -%}
    {%- set web = web_platform(platform) -%}
with changed_events as (
    select
        user_id,
        anonymous_id
    from {{ ref(web.model) }}
    where {{ changed_since(platform, web.object, into='int_identifiers') }}
)

select
    '{{ platform }}'::text as source_platform,
    'account'::text as record_kind,
    user_id as source_record_id,
    null::uuid as earlier_record_key
from changed_events
union all
select
    '{{ platform }}',
    'cookie',
    anonymous_id,
    null
from changed_events
{%- endmacro %}

{#- A login has a record of its own, and so has a browser: what a browser says before a login stays with the browser. -#}
{% macro web_person_records(platform) -%}
    {%- set web = web_platform(platform) -%}
    {%- set telling = [
        'email', 'phone', 'full_name', 'given_name', 'family_name', 'birth_date', 'address_line', 'city', 'postcode', 'region', 'country_code',
    ] -%}
with changed as (
    {{ touched(platform) }}
),

events as (
    select
        changed.record_kind,
        changed.source_record_id,
        messages.*,
        true as is_own
    from changed
    inner join {{ ref(web.model) }} as messages on changed.source_record_id = messages.user_id
    where changed.record_kind = 'account' and not messages.is_deleted
    union all
    select
        changed.record_kind,
        changed.source_record_id,
        messages.*,
        messages.user_id is null
    from changed
    inner join {{ ref(web.model) }} as messages on changed.source_record_id = messages.anonymous_id
    where changed.record_kind = 'cookie' and not messages.is_deleted
),

spans as (
    select
        record_kind,
        source_record_id,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from events
    group by 1, 2
),

-- per attribute the newest value that somebody gave
traits as (
    select
        record_kind,
        source_record_id,
        {%- for column in telling %}
        (array_agg({{ column }} order by occurred_at desc, message_id) filter (where {{ column }} is not null))[1] as {{ column }},
        {%- endfor %}
        max(occurred_at) filter (where is_opt_in) as opted_in_at,
        max(occurred_at) filter (where is_opt_out) as opted_out_at
    from (
        select
            events.*,
            web_events.touchpoint_type = 'opt_in' as is_opt_in,
            web_events.touchpoint_type = 'opt_out' as is_opt_out
        from events
        left join {{ ref('web_events') }} as web_events on events.event_name = web_events.event_name
        where
            events.is_own
            and (
                coalesce({% for column in telling %}events.{{ column }}{% if not loop.last %}, {% endif %}{% endfor %}) is not null
                or web_events.touchpoint_type in ('opt_in', 'opt_out')
            )
    ) as telling
    group by 1, 2
)

select
    {{ source_record_key("'" ~ platform ~ "'", 'changed.record_kind', 'changed.source_record_id') }} as source_record_key,
    '{{ platform }}'::text as source_platform,
    changed.record_kind,
    changed.source_record_id,
    coalesce(
        traits.email,
        case when changed.record_kind = 'account' and {{ is_email_like('changed.source_record_id') }} then changed.source_record_id end
    ) as email,
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
{%- endmacro %}

{#- A login seen in a browser is evidence, not proof: other people use that browser too. -#}
{% macro web_identifiers(platform) -%}
    {%- set web = web_platform(platform) -%}
    {%- set order_namespace = "'shop.order' || case when messages.order_reference ~ '^\\d{9,}$' then '_id' else '' end" -%}
    {%- set order_number = "case when messages.order_reference ~ '^\\d{1,8}$' then '#' || messages.order_reference else messages.order_reference end" -%}
    {%- set is_anonymous = "messages.user_id is null" -%}
with changed as (
    {{ touched(platform) }}
),

facts as (
    select
        changed.record_kind,
        changed.source_record_id,
        identifier.identifier_type,
        identifier.identifier_namespace,
        identifier.identifier_value,
        identifier.identifier_type = 'account_id' as is_verified,
        messages.occurred_at
    from changed
    inner join {{ ref(web.model) }} as messages on changed.source_record_id = messages.user_id
    cross join lateral (
        values
        ('account_id', '{{ web.users }}', case when not {{ is_email_like('messages.user_id') }} then messages.user_id end),
        ('email', 'global', coalesce(messages.email, case when {{ is_email_like('messages.user_id') }} then messages.user_id end)),
        ('phone', 'global', messages.phone),
        ('cookie_id', '{{ web.cookies }}', case when messages.message_type = 'alias' then messages.previous_id end),
        ('order_id', {{ order_namespace }}, {{ order_number }})
    ) as identifier (identifier_type, identifier_namespace, identifier_value)
    where changed.record_kind = 'account' and not messages.is_deleted
    union all
    select
        changed.record_kind,
        changed.source_record_id,
        identifier.identifier_type,
        identifier.identifier_namespace,
        identifier.identifier_value,
        identifier.identifier_type = 'cookie_id' as is_verified,
        messages.occurred_at
    from changed
    inner join {{ ref(web.model) }} as messages on changed.source_record_id = messages.anonymous_id
    cross join lateral (
        values
        ('cookie_id', '{{ web.cookies }}', messages.anonymous_id),
        ('cookie_id', '{{ web.linked_cookies }}', messages.linked_cookie_id),
        ('device_id', '{{ web.devices }}', messages.device_id),
        ('account_id', '{{ web.users }}', case when not {{ is_email_like('messages.user_id') }} then messages.user_id end),
        (
            'email', 'global',
            case when {{ is_anonymous }} then messages.email when {{ is_email_like('messages.user_id') }} then messages.user_id end
        ),
        ('phone', 'global', case when {{ is_anonymous }} then messages.phone end),
        ('order_id', {{ order_namespace }}, case when {{ is_anonymous }} then {{ order_number }} end)
    ) as identifier (identifier_type, identifier_namespace, identifier_value)
    where changed.record_kind = 'cookie' and not messages.is_deleted
),

identifiers as (
    select
        record_kind,
        source_record_id,
        identifier_type,
        identifier_namespace,
        identifier_value,
        bool_or(is_verified) as is_verified,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from facts
    where identifier_value is not null
    group by 1, 2, 3, 4, 5
)

select
    {{ source_record_key("'" ~ platform ~ "'", 'changed.record_kind', 'changed.source_record_id') }} as source_record_key,
    coalesce(identifiers.identifier_type, 'cookie_id') as identifier_type,
    coalesce(identifiers.identifier_namespace, '{{ web.cookies }}') as identifier_namespace,
    identifiers.identifier_value,
    coalesce(identifiers.is_verified, false) as is_verified,
    identifiers.identifier_value is null as is_deleted,
    identifiers.first_seen_at,
    identifiers.last_seen_at
from changed
left join identifiers on changed.record_kind = identifiers.record_kind and changed.source_record_id = identifiers.source_record_id
{%- endmacro %}
