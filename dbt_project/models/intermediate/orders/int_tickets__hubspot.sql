{{ config(materialized='ephemeral') }}

with intents as (
    {{ intent_patterns() }}
),

changed as (
    select ticket_no
    from {{ ref('stg_hubspot__tickets') }}
    where {{ changed_since('hubspot', 'ticket', into='int_tickets') }}
    union
    select sighting_id
    from {{ ref('stg_hubspot__ticket_contacts') }}
    where {{ changed_since('hubspot', 'ticket_contact', into='int_tickets') }}
),

-- a ticket may name several contacts; the smallest id is as good as any, and stays
requesters as (
    select
        ticket_contacts.sighting_id as ticket_no,
        min(ticket_contacts.source_record_id) as contact_id
    from changed
    inner join {{ ref('stg_hubspot__ticket_contacts') }} as ticket_contacts on changed.ticket_no = ticket_contacts.sighting_id
    where not ticket_contacts.is_deleted
    group by 1
)

select
    tickets.ticket_id,
    {{ source_record_key("'hubspot'", "'contact'", 'requesters.contact_id') }} as source_record_key,
    'hubspot'::text as source_platform,
    tickets.ticket_no as source_ticket_id,
    {{ order_reference('tickets.order_reference') }} as order_id,
    case tickets.source_type when 'chat' then 'support_chat' when 'phone' then 'support_phone' when 'email' then 'support_email' else 'support_web' end
        as origin_channel,
    false as is_social,
    case when tickets.solved_at is null then 'open' else 'closed' end as status,
    tickets.priority,
    {{ intent_of('tickets.ticket_text') }} as intent,
    tickets.opened_at,
    tickets.solved_at,
    null::text as satisfaction_score,
    null::timestamptz as satisfaction_rated_at,
    tickets.is_deleted or requesters.contact_id is null or tickets.opened_at is null as is_deleted
from changed
inner join {{ ref('stg_hubspot__tickets') }} as tickets on changed.ticket_no = tickets.ticket_no
left join requesters on changed.ticket_no = requesters.ticket_no
