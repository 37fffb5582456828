-- What the brand answers is a touchpoint of the person it answers: of the author of the comment above, if that is somebody else.
-- It has changed when either of the two has. (No CTE: named three times it would be read whole whatever is asked for.)
select
    -- person
    'social_profile' as record_kind,
    author_channel_id as source_record_id,
    published_at as seen_at,
    case when author_display_name not like '@%' then {{ clean_text('author_display_name') }} end as full_name,
    {{ identifier_list([
        ['social_id', 'youtube.channel', 'author_channel_id', 'true'],
        ['handle', 'youtube.handle', "case when author_display_name like '@%' then author_display_name end"],
    ]) }} as identifiers,

    -- event
    case when author_channel_id is not null then 'social_comment' end as touchpoint_type,
    id as source_event_id,
    published_at as occurred_at,
    'youtube' as channel,
    video_id as content_id,
    coalesce({{ clean_text('text_original') }}, {{ clean_text('text_display') }}) as intent_text,
    coalesce(parent_id, id) as thread_id,
    parent_id as parent_event_id,
    10 as source_priority,
    coalesce(moderation_status = 'likelySpam', false) as is_bot,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('youtube', 'comment') }}
where not ({{ is_brand_channel('author_channel_id', 'channel_id') }})
union all
select
    'social_profile',
    questions.author_channel_id,
    null,
    null,
    null,
    case when questions.author_channel_id is not null then 'social_reply_sent' end,
    answers.id,
    answers.published_at,
    'youtube',
    answers.video_id,
    null,
    coalesce(answers.parent_id, answers.id),
    answers.parent_id,
    11,
    false,
    answers._is_deleted,
    greatest(answers._changed_seq, questions._changed_seq)
from {{ source('youtube', 'comment') }} as answers
left join {{ source('youtube', 'comment') }} as questions
    on
        answers.parent_id = questions.id
        and not ({{ is_brand_channel('questions.author_channel_id', 'questions.channel_id') }})
        and not questions._is_deleted
where {{ is_brand_channel('answers.author_channel_id', 'answers.channel_id') }}
