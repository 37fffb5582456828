{{ config(materialized='ephemeral') }}

-- Comments and direct messages, with the touchpoints that int_touchpoints__instagram makes of them.
with changed_comments as (
    select *
    from {{ ref('stg_instagram__comments') }}
    where {{ changed_since('instagram', 'comment', into='int_messages') }}
),

-- an answer belongs to the person it answers: a changed comment changes what stands under it
comments as (
    select * from changed_comments
    union
    select replies.*
    from changed_comments
    inner join {{ ref('stg_instagram__comments') }} as replies on changed_comments.comment_id = replies.parent_comment_id
),

changed_people as (
    select source_record_id as scoped_id
    from {{ ref('int_person_records') }}
    where source_platform = 'instagram' and record_kind = 'social_profile' and {{ persons_changed_since(into='int_messages') }}
),

changed_messages as (
    select *
    from {{ ref('stg_instagram__messages') }}
    where {{ changed_since('instagram', 'message', into='int_messages') }}
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

moments as (
    select
        'comment'::text as source_object,
        comments.comment_id as source_event_id,
        comments.author_id as scoped_id,
        'social_comment'::text as touchpoint_type,
        comments.commented_at as written_at,
        false as is_from_brand,
        comments.comment_text as message_text,
        coalesce(comments.parent_comment_id, comments.comment_id) as thread_id,
        comments.parent_comment_id as parent_event_id,
        comments.media_id as content_id,
        comments.is_deleted or comments.is_from_brand or comments.comment_text is null as is_deleted
    from comments
    union all
    select
        'comment',
        comments.comment_id,
        questions.author_id,
        'social_reply_sent',
        comments.commented_at,
        true,
        null,
        comments.parent_comment_id as thread_id,
        comments.parent_comment_id as parent_event_id,
        comments.media_id,
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
        messages.is_from_brand,
        case when not messages.is_from_brand then messages.message_text end,
        -- without the conversation's id: the other person is the conversation
        coalesce(messages.conversation_id, case when messages.is_from_brand then messages.to_id else messages.from_id end),
        null,
        null,
        messages.is_deleted
        or (not messages.is_from_brand and messages.message_text is null)
        or kind.touchpoint_type <> case
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
    written_at,
    is_from_brand,
    message_text,
    null::text as message_title,
    {{ hashtags_of('message_text') }} as hashtags,
    thread_id,
    parent_event_id,
    content_id,
    null::bigint as author_followers,
    null::bigint as reach,
    null::smallint as star_rating,
    null::boolean as is_verified_buyer,
    null::text as product_reference,
    null::timestamptz as answered_at,
    is_deleted
from moments
where scoped_id is not null
