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
    union
    select ticket_no
    from {{ ref('stg_hubspot__ticket_stage_changes') }}
    where {{ changed_since('hubspot', 'ticket_property_history', into='int_tickets') }}
    union
    -- which stages are closed is a setting: a change of it concerns every ticket that was ever in one
    select changes.ticket_no
    from {{ ref('stg_hubspot__ticket_stages') }} as stages
    inner join {{ ref('stg_hubspot__ticket_stage_changes') }} as changes on stages.stage_id = changes.stage_id
    where {{ changed_since('hubspot', 'ticket_pipeline_stage', into='int_tickets', column='stages._changed_seq') }}
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
),

moves as (
    select
        changes.ticket_no,
        changes.changed_at,
        stages.is_closed,
        lag(stages.is_closed, 1, false) over (partition by changes.ticket_no order by changes.changed_at) as was_closed
    from changed
    inner join {{ ref('stg_hubspot__ticket_stage_changes') }} as changes on changed.ticket_no = changes.ticket_no
    inner join {{ ref('stg_hubspot__ticket_stages') }} as stages on changes.stage_id = stages.stage_id
    where not changes.is_deleted and not stages.is_deleted
),

solutions as (
    select
        ticket_no,
        min(changed_at) filter (where is_closed) as first_solved_at,
        (count(*) filter (where was_closed and not is_closed))::integer as reopened_count
    from moves
    group by 1
)

select
    tickets.ticket_id,
    {{ source_record_key("'hubspot'", "'contact'", 'requesters.contact_id') }} as source_record_key,
    'hubspot'::text as source_platform,
    tickets.ticket_no as source_ticket_id,
    {{ order_reference('tickets.order_reference') }} as order_id,
    origin.channel as origin_channel,
    false as is_social,
    origin.channel as first_message_channel,
    -- forms are answered by mail; of calls nobody says how they were answered
    case origin.channel when 'support_web' then 'support_email' when 'support_phone' then null else origin.channel end as answer_channel,
    case when tickets.solved_at is null then 'open' else 'closed' end as status,
    tickets.priority,
    {{ intent_of('tickets.ticket_text') }} as intent,
    tickets.opened_at,
    tickets.first_agent_reply_at as first_reply_at,
    -- a ticket's mails are not told apart from other mails to the contact
    null::integer as reply_count,
    null::integer as customer_message_count,
    coalesce(solutions.first_solved_at, tickets.solved_at) as first_solved_at,
    tickets.solved_at,
    solutions.reopened_count,
    null::timestamptz as satisfaction_asked_at,
    null::text as satisfaction_score,
    null::timestamptz as satisfaction_rated_at,
    tickets.is_deleted or requesters.contact_id is null or tickets.opened_at is null as is_deleted
from changed
inner join {{ ref('stg_hubspot__tickets') }} as tickets on changed.ticket_no = tickets.ticket_no
cross join lateral (
    select
        case tickets.source_type
            when 'chat' then 'support_chat' when 'phone' then 'support_phone' when 'email' then 'support_email' else 'support_web'
        end as channel
) as origin
left join requesters on changed.ticket_no = requesters.ticket_no
left join solutions on changed.ticket_no = solutions.ticket_no
