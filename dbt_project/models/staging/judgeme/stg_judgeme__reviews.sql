select
    -- person
    'reviewer' as record_kind,
    reviewer_id as source_record_id,
    {{ clean_text('reviewer_email') }} as email,
    {{ written_out_name('reviewer_name') }} as full_name,
    {{ given_name_of_short('reviewer_name') }} as given_name,

    -- event
    'review_written' as touchpoint_type,
    md5(concat_ws('|', reviewer_id, product_reference, extract(epoch from review_date)::bigint)) as source_event_id,
    review_date as occurred_at,
    'web_shop' as channel,
    product_reference as content_id,
    {{ rating_intent('rating') }} as intent,
    {{ clean_text('body') }} as message_text,
    {{ clean_text('title') }} as message_title,
    rating as star_rating,
    product_reference,
    reply_date as answered_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('judgeme', 'review') }}
