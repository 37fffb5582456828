select
    -- person
    'subscriber' as record_kind,
    email_id as source_record_id,
    timestamp as seen_at,
    {{ clean_text('email_address') }} as email,
    'unsubscribed' as email_consent,
    timestamp as email_consent_at,
    {{ identifier_list([['email_md5', 'global', 'email_id']]) }} as identifiers,

    -- event
    'opt_out' as touchpoint_type,
    campaign_id || ':' || email_id as source_event_id,
    timestamp as occurred_at,
    'email' as channel,
    campaign_id as campaign,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('mailchimp', 'unsubscribe') }}
