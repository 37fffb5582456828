{{ config(materialized='ephemeral') }}

-- What contacts write in tickets. Activities of salespeople are not theirs.
with changed as (
    select ticket_no
    from {{ ref('stg_hubspot__tickets') }}
    where {{ changed_since('hubspot', 'ticket', into='int_messages') }}
    union
    select sighting_id
    from {{ ref('stg_hubspot__ticket_contacts') }}
    where {{ changed_since('hubspot', 'ticket_contact', into='int_messages') }}
),

tickets as (
    select
        stored_tickets.source_ticket_id,
        stored_tickets.source_record_key,
        stored_tickets.opened_at,
        stored_tickets.is_deleted,
        coalesce(staged.description, staged.subject) as message_text,
        case when staged.description is not null then staged.subject end as message_title
    from changed
    inner join {{ ref('int_tickets') }} as stored_tickets
        on changed.ticket_no = stored_tickets.source_ticket_id and stored_tickets.source_platform = 'hubspot'
    left join {{ ref('stg_hubspot__tickets') }} as staged on changed.ticket_no = staged.ticket_no
)

select
    {{ touchpoint_key("'hubspot'", "'ticket_opened'", 'source_ticket_id') }} as touchpoint_id,
    'hubspot'::text as source_platform,
    'ticket'::text as source_object,
    source_ticket_id as source_event_id,
    source_record_key,
    opened_at as written_at,
    false as is_from_brand,
    message_text,
    message_title,
    {{ hashtags_of('message_text') }} as hashtags,
    source_ticket_id as thread_id,
    null::text as parent_event_id,
    null::text as content_id,
    null::bigint as author_followers,
    null::bigint as reach,
    null::smallint as star_rating,
    null::boolean as is_verified_buyer,
    null::text as product_reference,
    null::timestamptz as answered_at,
    is_deleted or message_text is null as is_deleted
from tickets
where source_record_key is not null and opened_at is not null
