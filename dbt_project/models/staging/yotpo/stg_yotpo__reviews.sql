-- an archived review is not shown any more, but it was written; a deleted one is gone
select
    -- person; the vendor shortens names to `John S.`, so there is no full name here
    'reviewer' as record_kind,
    reviewer_id as source_record_id,
    {{ clean_text('email') }} as email,
    {{ given_name_of_short('name') }} as given_name,
    reviewer_type in ('verified_buyer', 'verified_reviewer') as is_email_verified,

    -- event
    'review_written' as touchpoint_type,
    id as source_event_id,
    created_at as occurred_at,
    'web_shop' as channel,
    {{ incentive_campaign('is_incentivized', 'incentive_type') }} as campaign,
    sku as content_id,
    {{ rating_intent('score') }} as intent,
    {{ clean_text('content') }} as message_text,
    {{ clean_text('title') }} as message_title,
    score as star_rating,
    reviewer_type = 'verified_buyer' as is_verified_buyer,
    sku as product_reference,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('yotpo', 'review') }}
