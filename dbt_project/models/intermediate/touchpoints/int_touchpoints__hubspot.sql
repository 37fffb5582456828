{{ config(materialized='ephemeral') }}

{%- set activities = ['call', 'communication', 'email', 'meeting', 'note', 'task'] %}

-- What a contact's associations say: deals won, activities of salespeople, tickets. The contacts' own events (mails, forms) are
-- sightings.
with changed_deals as (
    select deal_id
    from {{ ref('stg_hubspot__deals') }}
    where {{ changed_since('hubspot', 'deal', into='int_touchpoints') }}
    union
    select sighting_id
    from {{ ref('stg_hubspot__deal_contacts') }}
    where {{ changed_since('hubspot', 'deal_contact', into='int_touchpoints') }}
    union
    select deals.deal_id
    from {{ ref('stg_hubspot__deal_stages') }} as stages
    inner join {{ ref('stg_hubspot__deals') }} as deals on stages.stage_id = deals.stage_id
    where {{ changed_since('hubspot', 'deal_pipeline_stage', into='int_touchpoints', column='stages._changed_seq') }}
),

deals_won as (
    select
        'deal'::text as source_object,
        deals.deal_id || '|' || deal_contacts.source_record_id as source_event_id,
        deal_contacts.source_record_id as contact_id,
        'deal_won'::text as touchpoint_type,
        deals.closed_at as occurred_at,
        'sales'::text as channel,
        null::text as order_id,
        null::text as ticket_id,
        null::text as intent,
        deals.amount as value_amount,
        deals.currency_code,
        27 as source_priority,
        deals.is_deleted or deal_contacts.is_deleted or not coalesce(deals.is_won, stages.is_won, false) as is_deleted
    from changed_deals
    inner join {{ ref('stg_hubspot__deals') }} as deals on changed_deals.deal_id = deals.deal_id
    inner join {{ ref('stg_hubspot__deal_contacts') }} as deal_contacts on changed_deals.deal_id = deal_contacts.sighting_id
    left join {{ ref('stg_hubspot__deal_stages') }} as stages on deals.stage_id = stages.stage_id and not stages.is_deleted
),

changed_activities as (
    select sighting_id as engagement_id
    from {{ ref('stg_hubspot__engagement_contacts') }}
    where {{ changed_since('hubspot', 'engagement_contact', into='int_touchpoints') }}
    {%- for activity in activities %}
    union
    select engagement_id
    from {{ ref('stg_hubspot__engagement_' ~ activity ~ 's') }}
    where {{ changed_since('hubspot', 'engagement_' ~ activity, into='int_touchpoints') }}
    {%- endfor %}
),

activities as (
    {%- for activity in activities %}
    select activities.*
    from changed_activities
    inner join {{ ref('stg_hubspot__engagement_' ~ activity ~ 's') }} as activities on changed_activities.engagement_id = activities.engagement_id
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

sales_activities as (
    select
        'engagement_' || activities.activity as source_object,
        activities.engagement_id || '|' || engagement_contacts.source_record_id as source_event_id,
        engagement_contacts.source_record_id as contact_id,
        'sales_activity'::text as touchpoint_type,
        activities.occurred_at,
        {{ sales_channel('activities.activity') }} as channel,
        null::text as order_id,
        null::text as ticket_id,
        null::text as intent,
        null::numeric as value_amount,
        null::text as currency_code,
        26 as source_priority,
        activities.is_deleted or engagement_contacts.is_deleted as is_deleted
    from activities
    inner join {{ ref('stg_hubspot__engagement_contacts') }} as engagement_contacts on activities.engagement_id = engagement_contacts.sighting_id
),

changed_tickets as (
    select ticket_no
    from {{ ref('stg_hubspot__tickets') }}
    where {{ changed_since('hubspot', 'ticket', into='int_touchpoints') }}
    union
    select sighting_id
    from {{ ref('stg_hubspot__ticket_contacts') }}
    where {{ changed_since('hubspot', 'ticket_contact', into='int_touchpoints') }}
),

ticket_moments as (
    select
        'ticket'::text as source_object,
        tickets.source_ticket_id as source_event_id,
        tickets.source_record_key,
        moment.touchpoint_type,
        coalesce(moment.occurred_at, tickets.opened_at) as occurred_at,
        tickets.origin_channel as channel,
        tickets.order_id,
        tickets.ticket_id,
        moment.intent,
        null::numeric as value_amount,
        null::text as currency_code,
        moment.source_priority,
        moment.occurred_at is null or tickets.is_deleted as is_deleted
    from changed_tickets
    inner join {{ ref('int_tickets') }} as tickets on changed_tickets.ticket_no = tickets.source_ticket_id and tickets.source_platform = 'hubspot'
    cross join lateral {{ ticket_moments() }}
),

of_contacts as (
    select * from deals_won
    union all
    select * from sales_activities
),

moments as (
    select
        source_object,
        source_event_id,
        {{ source_record_key("'hubspot'", "'contact'", 'contact_id') }} as source_record_key,
        touchpoint_type,
        occurred_at,
        channel,
        order_id,
        ticket_id,
        intent,
        value_amount,
        currency_code,
        source_priority,
        is_deleted
    from of_contacts
    union all
    select * from ticket_moments
)

select
    {{ touchpoint_key("'hubspot'", 'touchpoint_type', 'source_event_id') }} as touchpoint_id,
    'hubspot'::text as source_platform,
    source_object,
    source_event_id,
    source_record_key,
    touchpoint_type,
    occurred_at,
    channel,
    null::text as campaign,
    null::text as content_id,
    order_id,
    ticket_id,
    intent,
    value_amount::numeric(18, 2) as value_amount,
    currency_code,
    source_priority::smallint as source_priority,
    false as is_bot,
    is_deleted
from moments
where source_record_key is not null and occurred_at is not null
