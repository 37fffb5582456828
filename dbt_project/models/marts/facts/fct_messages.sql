{{ config(
    meta={'publish': 'customer'},
    group='journey_analytics',
    indexes=[
        {'columns': ['golden_customer_id', 'occurred_at']},
        {'columns': ['occurred_date', 'channel']},
        {'columns': ['topic', 'occurred_date']},
        {'columns': ['discussion_key']},
    ],
    post_hook='analyze {{ this }}',
) }}

with records as (
    select
        golden_customer_id,
        source_record_key
    from {{ affected() }}
    where not is_internal
),

written as (
    select
        records.golden_customer_id,
        messages.*,
        messages.source_platform || '|' || messages.thread_id as thread
    from records
    inner join {{ ref('int_messages') }} as messages on records.source_record_key = messages.source_record_key
    where not messages.is_deleted
),

-- The first answer after a message: the brand's next words to this customer in the same thread. What the brand wrote belongs to
-- whom it answers, so nobody else's rows are asked. Backwards in time: a frame whose start moves is added up anew for every row.
answered as (
    select
        written.*,
        min(written_at) filter (where is_from_brand) over (
            partition by golden_customer_id, thread order by written_at desc, is_from_brand desc, touchpoint_id desc
            rows between unbounded preceding and 1 preceding
        ) as next_answer_at
    from written
),

final as (
    select
        answered.touchpoint_id,
        answered.golden_customer_id,
        answered.source_platform,
        touchpoints.touchpoint_type,
        touchpoints.channel,
        touchpoints.occurred_at,
        touchpoints.occurred_date,
        date_trunc('week', touchpoints.occurred_date)::date as occurred_week,
        touchpoints.episode_no,
        touchpoints.stage_key,
        touchpoints.stage_code,
        touchpoints.macro_stage,
        touchpoints.family,
        touchpoints.order_id,
        touchpoints.ticket_id,
        answered.content_id,
        answered.product_reference,
        md5(answered.thread)::uuid as thread_key,
        -- under a post everybody talks to everybody
        md5(case
            when touchpoints.touchpoint_type = 'social_comment' and answered.content_id is not null
                then answered.source_platform || '|content|' || answered.content_id
            else answered.thread
        end)::uuid as discussion_key,
        touchpoints.is_earned or touchpoints.touchpoint_type = 'social_comment' as is_public,
        touchpoints.is_bot,
        scores.language,
        scores.language_confidence,
        scores.sentiment,
        scores.sentiment_class,
        case
            when answered.message_text is null then 'no_words'
            when scores.touchpoint_id is null then 'not_scored_yet'
            else scores.unscored_reason
        end as unscored_reason,
        scores.scorer_version,
        -- stars say more than words whether a review is praise
        coalesce(case when answered.star_rating is not null then touchpoints.intent end, scores.intent, touchpoints.intent) as intent,
        scores.topic,
        scores.topics,
        answered.hashtags,
        coalesce(scores.is_question, false) as is_question,
        answered.star_rating,
        answered.is_verified_buyer,
        answered.author_followers,
        coalesce(answered.reach, answered.author_followers) as reach,
        least(answered.next_answer_at, answered.answered_at) as answered_at
    from answered
    inner join {{ ref('fct_touchpoints') }} as touchpoints on answered.touchpoint_id = touchpoints.touchpoint_id
    left join {{ source('messages', 'int_message_scores') }} as scores on answered.touchpoint_id = scores.touchpoint_id
    where not answered.is_from_brand
)

select
    final.*,
    round(extract(epoch from answered_at - occurred_at) / 60.0, 1)::numeric(12, 1) as minutes_to_answer
from final
