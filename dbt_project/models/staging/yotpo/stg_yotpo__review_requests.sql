-- One mail is up to five events. Each has a row even before it happened (without a time it is no event), so that an event that
-- the vendor takes back is taken back here.
select
    -- person
    'reviewer' as record_kind,
    requests.reviewer_id as source_record_id,
    requests.email_sent_timestamp as seen_at,
    requests.request_id || ':' || happened.step as sighting_id,
    {{ clean_text('requests.email_address') }} as email,
    case when happened.touchpoint_type = 'opt_out' and happened.occurred_at is not null then 'unsubscribed' end as email_consent,
    case when happened.touchpoint_type = 'opt_out' then happened.occurred_at end as email_consent_at,
    {{ identifier_list(order_identifiers('requests.order_id')) }} as identifiers,

    -- event
    happened.touchpoint_type,
    requests.request_id || ':' || happened.step as source_event_id,
    happened.occurred_at,
    'email' as channel,
    concat_ws(' ', 'review request', requests.email_type) as campaign,
    requests.product_id as content_id,
    requests.order_id as order_reference,

    -- metadata
    requests._is_deleted as is_deleted,
    requests._changed_seq
from {{ source('yotpo', 'review_request') }} as requests
cross join lateral (
    values
    ('sent', 'review_requested', requests.email_sent_timestamp),
    ('opened', 'email_open', requests.opened_timestamp),
    ('clicked', 'email_click', requests.clicked_through_timestamp),
    ('bounced', 'email_bounced', coalesce(requests.invalid_address_timestamp, requests.failed_timestamp)),
    ('left', 'opt_out', coalesce(requests.unsubscribed_timestamp, requests.marked_spam_timestamp))
) as happened (step, touchpoint_type, occurred_at)
