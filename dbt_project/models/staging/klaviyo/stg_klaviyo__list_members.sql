select
    'subscriber' as record_kind,
    id as source_record_id,
    coalesce(date_added, profile_created_on) as seen_at,
    'list member ' || id as sighting_id,
    {{ clean_text('email') }} as email,
    {{ clean_cell('phone_number') }} as phone,
    {{ clean_text('first_name') }} as given_name,
    {{ clean_text('last_name') }} as family_name,
    {{ clean_text('city') }} as city,
    {{ clean_cell('zip') }} as postcode,
    {{ clean_text('region') }} as region,
    {{ two_letter_country('country') }} as country_code,
    {{ klaviyo_consent('email_consent') }} as email_consent,
    {{ identifier_list([['vendor_merge', 'klaviyo.profile', 'id', 'true']]) }} as identifiers,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('klaviyo', 'list_member') }}
