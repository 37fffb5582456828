{{ config(materialized='ephemeral') }}

with changed as (
    {{ touched('segment') }}
),

account_facts as (
    select
        changed.record_kind,
        changed.source_record_id,
        identifier.identifier_type,
        identifier.identifier_namespace,
        identifier.identifier_value,
        identifier.identifier_type = 'account_id' as is_verified,
        events.occurred_at
    from changed
    inner join {{ ref('stg_segment__messages') }} as events on changed.source_record_id = events.user_id
    cross join lateral (
        values
        ('account_id', '{{ var("segment_user_namespace") }}', events.user_id),
        ('email', 'global', coalesce(events.email, case when events.user_id like '%_@_%.__%' then events.user_id end)),
        ('phone', 'global', events.phone),
        ('cookie_id', 'segment.anonymous', case when events.message_type = 'alias' then events.previous_id end),
        ('order_id', 'shop.order' || case when events.order_reference ~ '^\d{9,}$' then '_id' else '' end,
            case when events.order_reference ~ '^\d{1,8}$' then '#' || events.order_reference else events.order_reference end)
    ) as identifier (identifier_type, identifier_namespace, identifier_value)
    where changed.record_kind = 'account' and not events.is_deleted
),

-- a login seen in a browser is evidence, not proof: other people use that browser too
cookie_facts as (
    select
        changed.record_kind,
        changed.source_record_id,
        identifier.identifier_type,
        identifier.identifier_namespace,
        identifier.identifier_value,
        identifier.identifier_type = 'cookie_id' as is_verified,
        events.occurred_at
    from changed
    inner join {{ ref('stg_segment__messages') }} as events on changed.source_record_id = events.anonymous_id
    cross join lateral (
        values
        ('cookie_id', 'segment.anonymous', events.anonymous_id),
        ('account_id', '{{ var("segment_user_namespace") }}', events.user_id),
        ('email', 'global', case when events.user_id is null then events.email end),
        ('phone', 'global', case when events.user_id is null then events.phone end),
        ('order_id', 'shop.order' || case when events.order_reference ~ '^\d{9,}$' then '_id' else '' end,
            case
                when events.user_id is not null then null
                when events.order_reference ~ '^\d{1,8}$' then '#' || events.order_reference
                else events.order_reference
            end)
    ) as identifier (identifier_type, identifier_namespace, identifier_value)
    where changed.record_kind = 'cookie' and not events.is_deleted
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
    from (
        select * from account_facts where identifier_value is not null
        union all
        select * from cookie_facts where identifier_value is not null
    ) as facts
    group by 1, 2, 3, 4, 5
)

select
    {{ source_record_key("'segment'", 'changed.record_kind', 'changed.source_record_id') }} as source_record_key,
    coalesce(identifiers.identifier_type, 'cookie_id') as identifier_type,
    coalesce(identifiers.identifier_namespace, 'segment.anonymous') as identifier_namespace,
    identifiers.identifier_value,
    coalesce(identifiers.is_verified, false) as is_verified,
    identifiers.identifier_value is null as is_deleted,
    identifiers.first_seen_at,
    identifiers.last_seen_at
from changed
left join identifiers on changed.record_kind = identifiers.record_kind and changed.source_record_id = identifiers.source_record_id
