-- One record per address, whatever audiences it is in; after a change of address the vendor's contact_id joins the old id and the
-- new one. Pending and transactional members have not consented, archived ones say nothing; cleaned addresses cannot be reached,
-- and that counts as refusal. Members that the brand put in by itself did not opt in, although they may be written to.
select
    -- person
    'subscriber' as record_kind,
    id as source_record_id,
    last_changed as seen_at,
    list_id || ':' || id as sighting_id,
    {{ clean_text('email_address') }} as email,
    {{ clean_cell('phone') }} as phone,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    {{ join_text([clean_text("replace(address_line, chr(10), ', ')"), clean_text('address_line2')], ', ') }} as address_line,
    {{ clean_text('city') }} as city,
    {{ clean_cell('postcode') }} as postcode,
    {{ clean_text('region') }} as region,
    {{ two_letter_country('coalesce(country, country_code)') }} as country_code,
    case status when 'subscribed' then 'subscribed' when 'unsubscribed' then 'unsubscribed' when 'cleaned' then 'unsubscribed' end as email_consent,
    case when status = 'subscribed' then coalesce(timestamp_opt, timestamp_signup) else last_changed end as email_consent_at,
    {{ identifier_list([
        ['email_md5', 'global', 'id'],
        ['vendor_merge', 'mailchimp.contact', 'contact_id', 'true'],
    ]) }} as identifiers,

    -- event
    case when coalesce(source, '') !~* '(import|admin add|batch)' then 'opt_in' end as touchpoint_type,
    list_id || ':' || id as source_event_id,
    timestamp_opt as occurred_at,
    'email' as channel,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('mailchimp', 'member') }}
