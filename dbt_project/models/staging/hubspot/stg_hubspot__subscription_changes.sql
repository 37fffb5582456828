with changes as (
    select
        subscription_change.*,
        upper(first_change) as change
    from {{ source('hubspot', 'subscription_change') }} as subscription_change
)

select
    -- who
    'subscriber'::text as record_kind,
    recipient_id as source_record_id,
    changed_at as seen_at,
    {{ clean_text('recipient') }} as email,

    -- consent
    case when change = 'SUBSCRIBED' then 'subscribed' when change in ('UNSUBSCRIBED', 'OPT_OUT') then 'unsubscribed' end as email_consent,
    case when change in ('SUBSCRIBED', 'UNSUBSCRIBED', 'OPT_OUT') then changed_at end as email_consent_at,

    -- what happened
    case when change = 'SUBSCRIBED' then 'opt_in' when change in ('UNSUBSCRIBED', 'OPT_OUT', 'REPORTED_SPAM') then 'opt_out' end
        as touchpoint_type,
    recipient_id || '|' || extract(epoch from changed_at)::text as source_event_id,
    changed_at as occurred_at,
    'email'::text as channel,
    22 as source_priority,

    -- metadata
    _is_deleted or coalesce(recipient ~* '@gdpr-forgotten\.', false) as is_deleted,
    _changed_seq
from changes
