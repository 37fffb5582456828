{{ config(materialized='ephemeral') }}

with intents as (
    {{ intent_patterns() }}
),

changed_comments as (
    select *
    from {{ ref('stg_instagram__comments') }}
    where {{ changed_since('instagram', 'comment', into='int_touchpoints') }}
),

-- an answer belongs to the person it answers: a changed comment changes what stands under it, and may come after it
comments as (
    select * from changed_comments
    union
    select replies.*
    from changed_comments
    inner join {{ ref('stg_instagram__comments') }} as replies on changed_comments.comment_id = replies.parent_comment_id
),

-- whether a message was sent or received follows from who is the brand, which may be learned after the message was read
changed_people as (
    select source_record_id as scoped_id
    from {{ ref('int_person_records') }}
    where source_platform = 'instagram' and record_kind = 'social_profile' and {{ persons_changed_since(into='int_touchpoints') }}
),

changed_messages as (
    select *
    from {{ ref('stg_instagram__messages') }}
    where {{ changed_since('instagram', 'message', into='int_touchpoints') }}
    union
    select sent.*
    from changed_people
    inner join {{ ref('stg_instagram__messages') }} as sent on changed_people.scoped_id = sent.from_id
),

messages as (
    select
        changed_messages.*,
        coalesce(sender.is_internal, false) as is_from_brand
    from changed_messages
    left join {{ ref('int_person_records') }} as sender
        on sender.source_record_key = {{ source_record_key("'instagram'", "'social_profile'", 'changed_messages.from_id') }}
),

-- every kind of moment that a comment or message can be; what it is not (any more) is a deleted row
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
        comments.is_deleted or comments.is_from_brand as is_deleted
    from comments
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
        comments.is_deleted or not comments.is_from_brand or questions.is_from_brand
    from comments
    inner join {{ ref('stg_instagram__comments') }} as questions on comments.parent_comment_id = questions.comment_id
    union all
    select
        'message',
        messages.message_id,
        case when messages.is_from_brand then messages.to_id else messages.from_id end,
        kind.touchpoint_type,
        messages.sent_at,
        null,
        case when not messages.is_from_brand then messages.message_text end,
        12,
        messages.is_deleted or kind.touchpoint_type <> case
            when messages.is_from_brand then 'direct_message_sent'
            when messages.is_story_mention then 'story_mention'
            when messages.is_story_reply then 'story_interaction'
            else 'direct_message_received'
        end
    from messages
    cross join (values ('direct_message_sent'), ('story_mention'), ('story_interaction'), ('direct_message_received')) as kind (touchpoint_type)
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
