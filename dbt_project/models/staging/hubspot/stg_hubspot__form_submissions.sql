select
    -- who: the contact, where the submission names it, else the address that was written into the form
    case when contact_id is not null then 'contact' else 'subscriber' end as record_kind,
    coalesce(contact_id, recipient_id) as source_record_id,
    submitted_at as seen_at,
    {{ clean_text('email') }} as email,
    {{ clean_text("jsonb_path_query_first(values, '$[*] ? (@.name == \"firstname\").value') #>> '{}'") }} as given_name,
    {{ clean_text("jsonb_path_query_first(values, '$[*] ? (@.name == \"lastname\").value') #>> '{}'") }} as family_name,
    {{ clean_cell("jsonb_path_query_first(values, '$[*] ? (@.name == \"phone\").value') #>> '{}'") }} as phone,
    {{ identifier_list([['vendor_merge', 'hubspot.contact', 'contact_id', 'true']]) }} as identifiers,

    -- what happened
    'form_submitted'::text as touchpoint_type,
    conversion_id as source_event_id,
    submitted_at as occurred_at,
    'web_site'::text as channel,
    form_id as content_id,
    {{ clean_text("jsonb_path_query_first(values, '$[*] ? (@.name == \"message\" || @.name == \"TICKET.content\").value') #>> '{}'") }} as intent_text,
    20 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('hubspot', 'form_submission') }}
