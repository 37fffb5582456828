{{ config(materialized='ephemeral') }}

with changed_comments as (
    select
        comment_id,
        author_id
    from {{ ref('stg_instagram__comments') }}
    where {{ changed_since('instagram', 'comment', into='int_identifiers') }}
),

changed_messages as (
    select
        message_id,
        from_id,
        to_id
    from {{ ref('stg_instagram__messages') }}
    where {{ changed_since('instagram', 'message', into='int_identifiers') }}
),

named as (
    select author_id as scoped_id from changed_comments
    union
    select from_id from changed_messages
    union
    select to_id from changed_messages
    union
    -- a post shows that its owner is the brand: that person's record changes too
    select owner_id
    from {{ ref('stg_instagram__media') }}
    where {{ changed_since('instagram', 'media', into='int_identifiers') }}
)

select
    'instagram'::text as source_platform,
    'social_profile'::text as record_kind,
    scoped_id as source_record_id,
    null::uuid as earlier_record_key
from named
{%- if stores_earlier('int_touchpoints') %}
union all
select
    null,
    null,
    null,
    touchpoints.source_record_key
from changed_comments
inner join {{ stored('int_touchpoints') }} as touchpoints
    on touchpoints.touchpoint_id = {{ touchpoint_key("'instagram'", "'social_comment'", 'changed_comments.comment_id') }}
union all
select
    null,
    null,
    null,
    touchpoints.source_record_key
from changed_messages
cross join (values ('direct_message_received'), ('direct_message_sent'), ('story_mention'), ('story_interaction')) as kind (touchpoint_type)
inner join {{ stored('int_touchpoints') }} as touchpoints
    on touchpoints.touchpoint_id = {{ touchpoint_key("'instagram'", 'kind.touchpoint_type', 'changed_messages.message_id') }}
{%- endif %}
