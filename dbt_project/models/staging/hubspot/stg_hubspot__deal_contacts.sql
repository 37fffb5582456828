select
    -- who; sighting_id is the deal
    'contact'::text as record_kind,
    contact_id as source_record_id,
    deal_id as sighting_id,
    {{ identifier_list([['vendor_merge', 'hubspot.contact', 'contact_id', 'true']]) }} as identifiers,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'deal_contact') }}
