-- the same people as members, from the audience's ZIP instead of the API: whoever joined and left has two rows
select
    -- person
    'subscriber' as record_kind,
    contacts.recipient_id as source_record_id,
    coalesce(contacts.last_changed, contacts.confirm_time, contacts.optin_time) as seen_at,
    contacts.leid || ':' || happened.step as sighting_id,
    {{ clean_text('contacts.email') }} as email,
    {{ clean_cell('contacts.phone_number') }} as phone,
    {{ clean_text('contacts.first_name') }} as given_name,
    {{ clean_text('contacts.last_name') }} as family_name,
    {{ clean_text("replace(contacts.address, '  ', ', ')") }} as address_line,
    {{ two_letter_country('contacts.country_code') }} as country_code,
    case contacts.status when 'subscribed' then 'subscribed' when 'unsubscribed' then 'unsubscribed' when 'cleaned' then 'unsubscribed' end as email_consent,
    case contacts.status
        when 'subscribed' then coalesce(contacts.confirm_time, contacts.optin_time)
        else coalesce(contacts.unsub_time, contacts.clean_time, contacts.last_changed)
    end as email_consent_at,
    {{ identifier_list([['email_md5', 'global', 'contacts.recipient_id']]) }} as identifiers,

    -- event
    happened.touchpoint_type,
    contacts.leid || ':' || contacts.recipient_id || ':' || happened.step as source_event_id,
    happened.occurred_at,
    'email' as channel,
    case when happened.step = 'left' then contacts.unsub_campaign_id end as campaign,

    -- metadata
    contacts._is_deleted as is_deleted,
    contacts._changed_seq
from {{ source('mailchimp', 'audience_member') }} as contacts
cross join lateral (
    values
    ('joined', 'opt_in', coalesce(contacts.confirm_time, contacts.optin_time)),
    ('left', 'opt_out', contacts.unsub_time)
) as happened (step, touchpoint_type, occurred_at)
