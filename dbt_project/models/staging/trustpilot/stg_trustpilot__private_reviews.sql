-- the display name is chosen by the reviewer and says nothing; what they answered to `find reviewer` they said themselves
select
    -- person
    'reviewer' as record_kind,
    reviews.consumer_id as source_record_id,
    coalesce(reviews.updated_at, reviews.created_at) as seen_at,
    coalesce({{ clean_text("answer.said ->> 'email'") }}, {{ clean_text('reviews.referral_email') }}) as email,
    {{ clean_text("answer.said ->> 'phoneNumber'") }} as phone,
    {{ clean_text("answer.said ->> 'name'") }} as full_name,
    {{ clean_text("answer.said ->> 'address'") }} as address_line,
    case when answer.said ->> 'address' is null then {{ clean_text('reviews.consumer_display_location') }} end as city,
    {{ identifier_list([['social_id', 'trustpilot.consumer', 'nullif(reviews.consumer_id, reviews.id)', 'true']]
        + order_identifiers("coalesce(reviews.reference_id, answer.said ->> 'referenceId')")) }} as identifiers,

    -- event
    'review_written' as touchpoint_type,
    reviews.id as source_event_id,
    reviews.created_at as occurred_at,
    'review_site' as channel,
    reviews.location_name as content_id,
    coalesce(reviews.reference_id, answer.said ->> 'referenceId') as order_reference,
    {{ rating_intent('reviews.stars') }} as intent,
    {{ clean_text('reviews.text') }} as message_text,
    {{ clean_text('reviews.title') }} as message_title,
    reviews.stars as star_rating,
    reviews.is_verified as is_verified_buyer,
    reviews.company_reply_created_at as answered_at,

    -- metadata
    reviews._is_deleted as is_deleted,
    reviews._changed_seq
from {{ source('trustpilot', 'private_review') }} as reviews
left join lateral (
    select request.entry -> 'consumerResponse' as said
    from jsonb_path_query(reviews.find_reviewer, '$.requests[*] ? (@.consumerResponse.type() == "object")') as request (entry)
    order by request.entry -> 'consumerResponse' ->> 'submittedAt' desc nulls last
    limit 1
) as answer on true
