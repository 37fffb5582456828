{{ config(materialized='ephemeral') }}

with changed as (
    select source_record_id as user_id from {{ ref('int_records_touched') }} where source_platform = 'zendesk' and record_kind = 'support_user'
),

facts as (
    select
        changed.user_id,
        identifier.identifier_type,
        identifier.identifier_namespace,
        identifier.identifier_value,
        identifier.is_verified,
        users.created_at as seen_at
    from changed
    inner join {{ ref('stg_zendesk__users') }} as users on changed.user_id = users.user_id
    cross join lateral (
        values
        ('account_id', '{{ var("zendesk_external_namespace") }}', users.external_id, true),
        ('email', 'global', users.email, coalesce(users.is_email_verified, false)),
        ('phone', 'global', case when not coalesce(users.is_phone_shared, false) then users.phone end, false)
    ) as identifier (identifier_type, identifier_namespace, identifier_value, is_verified)
    where not users.is_deleted
    union all
    select
        changed.user_id,
        identifier.identifier_type,
        identifier.identifier_namespace,
        identities.identity_value,
        identities.is_verified,
        identities.created_at
    from changed
    inner join {{ ref('stg_zendesk__user_identities') }} as identities on changed.user_id = identities.user_id
    inner join (
        values
        ('email', 'email', 'global'),
        ('google', 'email', 'global'),
        ('phone_number', 'phone', 'global'),
        ('facebook', 'social_id', 'facebook.user'),
        ('twitter', 'handle', 'twitter.username'),
        ('any_channel', 'social_id', '{{ var("zendesk_any_channel_namespace") }}')
    ) as identifier (identity_type, identifier_type, identifier_namespace) on identities.identity_type = identifier.identity_type
    where not identities.is_deleted
    union all
    -- who asks about an order by its number is close to the buyer
    select
        changed.user_id,
        'order_id',
        'shop.order',
        tickets.order_reference,
        false,
        tickets.opened_at
    from changed
    inner join {{ ref('stg_zendesk__tickets') }} as tickets on changed.user_id = tickets.requester_id
    where not tickets.is_deleted
    union all
    -- a ticket that came through a social network names the account there. Of a ticket from a post it is the page
    select
        changed.user_id,
        source.identifier_type,
        source.identifier_namespace,
        source.identifier_value,
        false,
        tickets.opened_at
    from changed
    inner join {{ ref('stg_zendesk__tickets') }} as tickets on changed.user_id = tickets.requester_id
    cross join lateral (
        values
        ('social_id', 'facebook.user', case when tickets.via_channel = 'facebook' and coalesce(tickets.via_source_rel, '') <> 'post' then tickets.source_facebook_id end),
        ('social_id', '{{ var("zendesk_any_channel_namespace") }}', case when tickets.via_channel in ('instagram_dm', 'any_channel') then tickets.source_id end),
        ('handle', 'instagram.username', case when tickets.via_channel = 'instagram_dm' then tickets.source_username end),
        ('handle', 'twitter.username', case when tickets.via_channel = 'twitter' then tickets.source_username end),
        ('phone', 'global', case when tickets.via_channel = 'whatsapp' then tickets.source_phone end)
    ) as source (identifier_type, identifier_namespace, identifier_value)
    where not tickets.is_deleted
    union all
    -- users that were merged, and users that a chat names: the help desk's own word
    select
        changed.user_id,
        'vendor_merge',
        'zendesk.user',
        merged_users.surviving_user_id,
        true,
        merged_users.merged_at
    from {{ ref('stg_zendesk__user_merges') }} as merged_users
    cross join lateral (values (merged_users.surviving_user_id), (merged_users.discarded_user_id)) as merged (user_id)
    inner join changed on merged.user_id = changed.user_id
    where not merged_users.is_deleted
    union all
    select
        changed.user_id,
        'vendor_merge',
        'zendesk.user',
        chats.user_id as identifier_value,
        true,
        chats.started_at
    from changed
    inner join {{ ref('stg_zendesk__chat_users') }} as chats on changed.user_id = chats.user_id
    where not chats.is_deleted
),

identifiers as (
    select
        user_id,
        identifier_type,
        identifier_namespace,
        identifier_value,
        bool_or(is_verified) as is_verified,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at
    from facts
    where identifier_value is not null
    group by 1, 2, 3, 4
)

select
    {{ source_record_key("'zendesk'", "'support_user'", 'changed.user_id') }} as source_record_key,
    coalesce(identifiers.identifier_type, 'email') as identifier_type,
    coalesce(identifiers.identifier_namespace, 'global') as identifier_namespace,
    identifiers.identifier_value,
    coalesce(identifiers.is_verified, false) as is_verified,
    identifiers.identifier_value is null as is_deleted,
    identifiers.first_seen_at,
    identifiers.last_seen_at
from changed
left join identifiers on changed.user_id = identifiers.user_id
