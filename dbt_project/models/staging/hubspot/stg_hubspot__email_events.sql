select
    -- who: an event knows an address, no contact
    'subscriber'::text as record_kind,
    recipient_id as source_record_id,
    created as seen_at,
    {{ clean_text('recipient') }} as email,

    -- consent
    case
        when upper(type) = 'STATUSCHANGE' and upper(portal_subscription_status) = 'UNSUBSCRIBED' then 'unsubscribed'
        when upper(type) = 'STATUSCHANGE' and upper(portal_subscription_status) = 'SUBSCRIBED' then 'subscribed'
    end as email_consent,
    case when upper(type) = 'STATUSCHANGE' and upper(portal_subscription_status) in ('SUBSCRIBED', 'UNSUBSCRIBED') then created end
        as email_consent_at,

    -- what happened; deliveries, deferrals, drops, prints and forwards are no step of a journey
    case upper(type)
        when 'SENT' then 'email_sent'
        when 'OPEN' then 'email_open'
        when 'CLICK' then 'email_click'
        when 'BOUNCE' then 'email_bounced'
        when 'SPAMREPORT' then 'opt_out'
        when 'STATUSCHANGE' then case upper(portal_subscription_status) when 'UNSUBSCRIBED' then 'opt_out' when 'SUBSCRIBED' then 'opt_in' end
    end as touchpoint_type,
    id as source_event_id,
    created as occurred_at,
    'email'::text as channel,
    email_campaign_id as campaign,
    -- mail proxies open mails that nobody looked at
    coalesce(filtered_event, false) or lower(coalesce(browser_type, '')) = 'proxy' or lower(coalesce(browser_name, '')) like '%image cache%' as is_bot,
    22 as source_priority,

    -- metadata; of an erased person nothing stays
    _is_deleted or coalesce(recipient ~* '@gdpr-forgotten\.', false) as is_deleted,
    _changed_seq
from {{ source('hubspot', 'email_event') }}
