{{ config(materialized='ephemeral') }}

with seen as (
    {{ touched_sightings(['email', 'phone', 'is_email_verified', 'identifiers']) }}
),

named as (
    select
        seen.source_record_key,
        identifier.identifier_type,
        identifier.identifier_namespace,
        nullif(btrim(identifier.identifier_value), '') as identifier_value,
        identifier.is_verified,
        seen.seen_at
    from seen
    cross join lateral (
        select
            'email' as identifier_type,
            'global' as identifier_namespace,
            seen.email as identifier_value,
            coalesce(seen.is_email_verified, false) as is_verified
        union all
        select
            'phone',
            'global',
            seen.phone,
            false
        union all
        select
            listed.type,
            listed.namespace,
            listed.value,
            coalesce(listed.verified, false)
        from jsonb_to_recordset(seen.identifiers) as listed (type text, namespace text, value text, verified boolean) --noqa: references.keywords
    ) as identifier
),

facts as (
    select
        source_record_key,
        identifier_type,
        identifier_namespace,
        identifier_value,
        bool_or(is_verified) as is_verified,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at
    from named
    where identifier_value is not null
    group by 1, 2, 3, 4
)

select
    touched.source_record_key,
    coalesce(facts.identifier_type, 'email') as identifier_type,
    coalesce(facts.identifier_namespace, 'global') as identifier_namespace,
    facts.identifier_value,
    coalesce(facts.is_verified, false) as is_verified,
    facts.identifier_value is null as is_deleted,
    facts.first_seen_at,
    facts.last_seen_at
from {{ ref('int_records_touched') }} as touched
left join facts on touched.source_record_key = facts.source_record_key
where {{ is_sighted('touched') }}
