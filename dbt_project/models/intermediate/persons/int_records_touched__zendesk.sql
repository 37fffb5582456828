{{ config(materialized='ephemeral') }}

with changed_tickets as (
    select
        ticket_id,
        requester_id
    from {{ ref('stg_zendesk__tickets') }}
    where {{ changed_since('zendesk', 'ticket', into='int_identifiers') }}
),

changed_identities as (
    select
        user_id,
        identity_value
    from {{ ref('stg_zendesk__user_identities') }}
    where {{ changed_since('zendesk', 'user_identity', into='int_identifiers') }}
),

named as (
    select user_id
    from {{ ref('stg_zendesk__users') }}
    where {{ changed_since('zendesk', 'user', into='int_identifiers') }}
    union
    select user_id from changed_identities
    union
    select requester_id from changed_tickets
    union
    select merged.user_id
    from {{ ref('stg_zendesk__user_merges') }} as merged_users
    cross join lateral (values (merged_users.surviving_user_id), (merged_users.discarded_user_id)) as merged (user_id)
    where {{ changed_since('zendesk', 'user_merge', into='int_identifiers', column='merged_users._changed_seq') }}
    union
    select user_id
    from {{ ref('stg_zendesk__chat_users') }}
    where {{ changed_since('zendesk', 'chat', into='int_identifiers') }}
)

select
    'zendesk'::text as source_platform,
    'support_user'::text as record_kind,
    user_id as source_record_id,
    null::uuid as earlier_record_key
from named
{%- if stores_earlier('int_person_records') %}
union all
select
    null,
    null,
    null,
    identifiers.source_record_key
from changed_identities
inner join {{ stored('int_identifiers') }} as identifiers
    on changed_identities.identity_value = identifiers.identifier_value and not identifiers.is_deleted
inner join {{ stored('int_person_records') }} as records
    on identifiers.source_record_key = records.source_record_key and records.source_platform = 'zendesk'
{%- endif %}
{%- if stores_earlier('int_tickets') %}
union all
select
    null,
    null,
    null,
    tickets.source_record_key
from changed_tickets
inner join {{ stored('int_tickets') }} as tickets on changed_tickets.ticket_id = tickets.ticket_id
{%- endif %}
