select
    -- who: the first contact of the activity; a warehouse extract has them in engagement_contact
    'contact'::text as record_kind,
    contact_id as source_record_id,
    coalesce(occurred_at, created_at) as seen_at,
    {{ identifier_list([['vendor_merge', 'hubspot.contact', 'contact_id', 'true']]) }} as identifiers,

    -- what happened: a salesperson did something about the contact
    case when contact_id is not null then 'sales_activity' end as touchpoint_type,
    id as source_event_id,
    coalesce(occurred_at, created_at) as occurred_at,
    {{ sales_channel('type') }} as channel,
    26 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'engagement') }}
