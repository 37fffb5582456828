select
    -- person
    'social_profile' as record_kind,
    person_key as source_record_id,
    created_time as seen_at,
    {{ clean_text('reviewer_name') }} as full_name,
    {{ identifier_list([['social_id', 'facebook.psid', 'person_key', 'true']]) }} as identifiers,

    -- event
    case when person_key is not null then 'recommendation_written' end as touchpoint_type,
    recommendation_id as source_event_id,
    created_time as occurred_at,
    'facebook' as channel,
    page_id as content_id,
    case
        when lower(recommendation_type) = 'positive' or (recommendation_type is null and rating >= 4) then 'praise'
        when lower(recommendation_type) = 'negative' or (recommendation_type is null and rating <= 2) then 'complaint'
    end as intent,
    {{ clean_text('review_text') }} as intent_text,
    rating as star_rating,
    20 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_pages', 'recommendation') }}
