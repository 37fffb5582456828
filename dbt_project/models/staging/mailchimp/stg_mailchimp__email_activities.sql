-- a machine's open is flagged; a click from such a network is still taken for a person's, since proxies fetch pictures only
select
    -- person
    'subscriber' as record_kind,
    email_id as source_record_id,
    timestamp as seen_at,
    {{ clean_text('email_address') }} as email,
    {{ identifier_list([['email_md5', 'global', 'email_id']]) }} as identifiers,

    -- event
    case action when 'open' then 'email_open' when 'click' then 'email_click' when 'bounce' then 'email_bounced' end as touchpoint_type,
    concat_ws(':', campaign_id, email_id, action, extract(epoch from timestamp)::bigint) as source_event_id,
    timestamp as occurred_at,
    'email' as channel,
    campaign_id as campaign,
    30 as source_priority,
    action = 'open' and {{ is_mail_proxy('ip') }} as is_bot,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('mailchimp', 'email_activity') }}
