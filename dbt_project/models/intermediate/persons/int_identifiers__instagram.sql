{{ config(materialized='ephemeral') }}

with changed as (
    select source_record_id as scoped_id
    from {{ ref('int_records_touched') }}
    where source_platform = 'instagram' and record_kind = 'social_profile'
),

sightings as (
    select
        changed.scoped_id,
        comments.author_handle as handle,
        comments.commented_at as seen_at
    from changed
    inner join {{ ref('stg_instagram__comments') }} as comments on changed.scoped_id = comments.author_id
    where not comments.is_deleted
    union all
    select
        changed.scoped_id,
        messages.from_handle,
        messages.sent_at
    from changed
    inner join {{ ref('stg_instagram__messages') }} as messages on changed.scoped_id = messages.from_id
    where not messages.is_deleted
    union all
    select
        changed.scoped_id,
        messages.to_handle,
        messages.sent_at
    from changed
    inner join {{ ref('stg_instagram__messages') }} as messages on changed.scoped_id = messages.to_id
    where not messages.is_deleted
),

identifiers as (
    select
        changed.scoped_id,
        identifier.identifier_type,
        identifier.identifier_namespace,
        identifier.identifier_value,
        min(sightings.seen_at) as first_seen_at,
        max(sightings.seen_at) as last_seen_at
    from changed
    left join sightings on changed.scoped_id = sightings.scoped_id
    cross join lateral (
        values
        ('social_id', 'instagram.igsid', case when sightings.seen_at is not null then changed.scoped_id end),
        ('handle', 'instagram.username', sightings.handle)
    ) as identifier (identifier_type, identifier_namespace, identifier_value)
    group by 1, 2, 3, 4
)

select
    {{ source_record_key("'instagram'", "'social_profile'", 'scoped_id') }} as source_record_key,
    identifier_type,
    identifier_namespace,
    identifier_value,
    identifier_type = 'social_id' as is_verified,
    identifier_value is null as is_deleted,
    first_seen_at,
    last_seen_at
from identifiers
