{{ config(materialized='ephemeral') }}

with intents as (
    {{ intent_patterns() }}
),

changed as (
    select ticket_no
    from {{ ref('stg_zendesk__tickets') }}
    where {{ changed_since('zendesk', 'ticket', into='int_tickets') }}
    union
    select ticket_no
    from {{ ref('stg_zendesk__satisfaction_ratings') }}
    where ticket_no is not null and {{ changed_since('zendesk', 'satisfaction_rating', into='int_tickets') }}
),

-- the first version that said solved dates the solution: later touches move updated_at on
solutions as (
    select
        versions.ticket_no,
        min(versions.updated_at) as solved_at
    from (
        select tickets.ticket_no, tickets.status, tickets.updated_at
        from changed
        inner join {{ ref('stg_zendesk__tickets') }} as tickets on changed.ticket_no = tickets.ticket_no
        union all
        select earlier.ticket_no, earlier.status, earlier.updated_at
        from changed
        inner join {{ ref('stg_zendesk__ticket_versions') }} as earlier on changed.ticket_no = earlier.ticket_no
    ) as versions
    where versions.status in ('solved', 'closed')
    group by 1
),

ratings as (
    select distinct on (ratings.ticket_no)
        ratings.ticket_no,
        ratings.score,
        ratings.rated_at
    from changed
    inner join {{ ref('stg_zendesk__satisfaction_ratings') }} as ratings on changed.ticket_no = ratings.ticket_no
    where ratings.score in ('good', 'bad') and not ratings.is_deleted
    order by ratings.ticket_no, ratings.rated_at desc, ratings.satisfaction_rating_id
)

select
    tickets.ticket_id,
    tickets.source_record_key,
    'zendesk'::text as source_platform,
    tickets.ticket_no as source_ticket_id,
    {{ order_reference('tickets.order_reference') }} as order_id,
    case
        when tickets.via_channel in ('facebook', 'twitter', 'instagram_dm', 'any_channel', 'whatsapp', 'native_messaging') then 'support_social'
        when tickets.via_channel in ('voice', 'phone') then 'support_phone'
        when tickets.via_channel = 'chat' then 'support_chat'
        when tickets.via_channel = 'email' then 'support_email'
        else 'support_web'
    end as origin_channel,
    coalesce(tickets.via_channel in ('facebook', 'twitter', 'instagram_dm', 'any_channel', 'whatsapp', 'native_messaging'), false) as is_social,
    tickets.status,
    tickets.priority,
    {{ intent_of('tickets.ticket_text') }} as intent,
    tickets.opened_at,
    solutions.solved_at,
    ratings.score as satisfaction_score,
    ratings.rated_at as satisfaction_rated_at,
    tickets.is_deleted
from changed
inner join {{ ref('stg_zendesk__tickets') }} as tickets on changed.ticket_no = tickets.ticket_no
left join solutions on changed.ticket_no = solutions.ticket_no
left join ratings on changed.ticket_no = ratings.ticket_no
where tickets.source_record_key is not null
