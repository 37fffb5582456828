-- Test leads of the vendor (`<test lead: dummy data for email>`, test@meta.com) name nobody. An ad's id may be a sentence about
-- missing rights. A box that is not ticked is no refusal.
with leads as (
    select
        lead.*,
        coalesce(
            concat_ws('|', email, phone, full_name, first_name, last_name) like '%<test lead:%' or lower(email) in ('test@meta.com', 'test@fb.com'),
            false
        ) as is_test,
        {{ lead_consent('custom_disclaimer_responses', 'meta_lead_email_consent_keys') }} as agrees_to_email,
        {{ lead_consent('custom_disclaimer_responses', 'meta_lead_sms_consent_keys') }} as agrees_to_sms
    from {{ source('meta_lead_ads', 'lead') }} as lead
)

select
    -- person
    'lead' as record_kind,
    case when not is_test then id end as source_record_id,
    created_time as seen_at,
    {{ clean_text('email') }} as email,
    {{ clean_cell('phone') }} as phone,
    {{ clean_text('full_name') }} as full_name,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    case
        when date_of_birth ~ '^\d{4}-((0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)$' then date_of_birth::date
    end as birth_date,
    {{ clean_text('street_address') }} as address_line,
    {{ clean_text('city') }} as city,
    {{ clean_cell('zip') }} as postcode,
    {{ clean_text('state') }} as region,
    case when country ~ '^[A-Za-z]{2}$' then upper(country) end as country_code,
    {{ clean_text('company_name') }} as company,
    case when agrees_to_email then 'subscribed' end as email_consent,
    case when agrees_to_sms then 'subscribed' end as sms_consent,
    case when agrees_to_email then created_time end as email_consent_at,
    case when agrees_to_sms then created_time end as sms_consent_at,
    {{ identifier_list([['social_id', 'meta.lead', 'id', 'true']]) }} as identifiers,

    -- event
    case when not is_test then 'lead_submitted' end as touchpoint_type,
    id as source_event_id,
    created_time as occurred_at,
    case
        when is_organic is false then 'paid_social'
        when lower(platform) = 'ig' then 'instagram'
        else 'facebook'
    end as channel,
    coalesce({{ clean_text('campaign_name') }}, campaign_id) as campaign,
    case when ad_id ~ '^\d+$' then ad_id end as content_id,
    24 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from leads
