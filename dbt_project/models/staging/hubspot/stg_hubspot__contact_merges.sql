select
    -- the contact that was merged away, which the CRM no longer gives; older events name it
    'contact'::text as record_kind,
    vid_to_merge as source_record_id,
    merged_at as seen_at,
    case when merged_from_email !~* '@gdpr-forgotten\.' then {{ clean_text('merged_from_email') }} end as email,
    {{ identifier_list([
        ['vendor_merge', 'hubspot.contact', 'canonical_vid', 'true'],
        ['vendor_merge', 'hubspot.contact', 'vid_to_merge', 'true'],
    ]) }} as identifiers,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'contact_merge') }}
