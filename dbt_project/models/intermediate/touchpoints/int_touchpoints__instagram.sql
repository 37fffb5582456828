{{ config(materialized='ephemeral') }}

with intents as (
    {{ intent_patterns() }}
),

comments as (
    select *
    from {{ ref('stg_instagram__comments') }}
    where {{ changed_since('instagram', 'comment', into='int_touchpoints') }}
),

messages as (
    select
        changed.*,
        coalesce(sender.is_internal, false) as is_from_brand
    from {{ ref('stg_instagram__messages') }} as changed
    left join {{ ref('int_person_records') }} as sender
        on sender.source_record_key = {{ source_record_key("'instagram'", "'social_profile'", 'changed.from_id') }}
    where {{ changed_since('instagram', 'message', into='int_touchpoints', column='changed._changed_seq') }}
),

moments as (
    select
        'comment'::text as source_object,
        comments.comment_id as source_event_id,
        comments.author_id as scoped_id,
        'social_comment'::text as touchpoint_type,
        comments.commented_at as occurred_at,
        comments.media_id as content_id,
        comments.comment_text as written,
        10 as source_priority,
        comments.is_deleted
    from comments
    where not comments.is_from_brand
    union all
    -- what the brand answers in public is a touchpoint of the person it answers
    select
        'comment',
        comments.comment_id,
        questions.author_id,
        'social_reply_sent',
        comments.commented_at,
        comments.media_id,
        null,
        11,
        comments.is_deleted
    from comments
    inner join {{ ref('stg_instagram__comments') }} as questions on comments.parent_comment_id = questions.comment_id
    where comments.is_from_brand and not questions.is_from_brand
    union all
    select
        'message',
        messages.message_id,
        case when messages.is_from_brand then messages.to_id else messages.from_id end,
        case
            when messages.is_from_brand then 'direct_message_sent'
            when messages.is_story_mention then 'story_mention'
            when messages.is_story_reply then 'story_interaction'
            else 'direct_message_received'
        end,
        messages.sent_at,
        null,
        case when not messages.is_from_brand then messages.message_text end,
        12,
        messages.is_deleted
    from messages
)

select
    {{ touchpoint_key("'instagram'", 'touchpoint_type', 'source_event_id') }} as touchpoint_id,
    'instagram'::text as source_platform,
    source_object,
    source_event_id,
    {{ source_record_key("'instagram'", "'social_profile'", 'scoped_id') }} as source_record_key,
    touchpoint_type,
    occurred_at,
    'instagram'::text as channel,
    null::text as campaign,
    content_id,
    null::text as order_id,
    null::text as ticket_id,
    {{ intent_of('written') }} as intent,
    null::numeric(18, 2) as value_amount,
    null::text as currency_code,
    source_priority::smallint as source_priority,
    false as is_bot,
    is_deleted
from moments
where scoped_id is not null
