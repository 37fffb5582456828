{{ config(
    materialized='incremental',
    unique_key='source_record_key',
    on_schema_change='append_new_columns',
    pre_hook='{{ forget_touched() }}',
    post_hook='analyze {{ this }}',
) }}

-- Whom do the changed raw rows name, now or as they were stored? A corrected invoice touches its new buyer and its old one, who
-- may have no row left and then becomes a tombstone. What was stored is read from tables that are written after this one.
with changed_orders as (
    select distinct order_name
    from {{ ref('stg_shopify__order_lines') }}
    where {{ changed_since('shopify', 'orders_export', into='int_identifiers') }}
),

changed_invoices as (
    select distinct invoice_no
    from {{ ref('stg_point_of_sale__invoice_lines') }}
    where {{ changed_since('point_of_sale', 'invoice_line', into='int_identifiers') }}
),

changed_tickets as (
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

changed_comments as (
    select
        comment_id,
        author_id
    from {{ ref('stg_instagram__comments') }}
    where {{ changed_since('instagram', 'comment', into='int_identifiers') }}
),

changed_messages as (
    select
        message_id,
        from_id,
        to_id
    from {{ ref('stg_instagram__messages') }}
    where {{ changed_since('instagram', 'message', into='int_identifiers') }}
),

named as (
    select
        'shopify'::text as source_platform,
        'account'::text as record_kind,
        customer_key as source_record_id
    from {{ ref('stg_shopify__customers') }}
    where {{ changed_since('shopify', 'customers_export', into='int_identifiers') }}
    union
    select
        'shopify',
        orders.record_kind,
        orders.source_record_id
    from changed_orders
    inner join {{ ref('stg_shopify__orders') }} as orders on changed_orders.order_name = orders.order_name
    union
    -- a cancellation without a customer belongs to the unknown buyer of the invoice that it cancels
    select
        'point_of_sale',
        case when lines.customer_id is null then 'guest_order' else 'account' end,
        coalesce(lines.customer_id, ltrim(lines.invoice_no, 'C'))
    from changed_invoices
    inner join {{ ref('stg_point_of_sale__invoice_lines') }} as lines on changed_invoices.invoice_no = lines.invoice_no
    union
    select
        'zendesk',
        'support_user',
        user_id
    from {{ ref('stg_zendesk__users') }}
    where {{ changed_since('zendesk', 'user', into='int_identifiers') }}
    union
    select 'zendesk', 'support_user', user_id from changed_identities
    union
    select 'zendesk', 'support_user', requester_id from changed_tickets
    union
    select 'instagram', 'social_profile', author_id from changed_comments
    union
    select 'instagram', 'social_profile', from_id from changed_messages
    union
    select 'instagram', 'social_profile', to_id from changed_messages
    union
    -- a post shows that its owner is the brand: that person's record changes too
    select
        'instagram',
        'social_profile',
        owner_id
    from {{ ref('stg_instagram__media') }}
    where {{ changed_since('instagram', 'media', into='int_identifiers') }}
    union
    -- messages of the web site never change: nobody was named by an earlier version
    select
        'segment',
        'account',
        user_id
    from {{ ref('stg_segment__messages') }}
    where {{ changed_since('segment', 'message', into='int_identifiers') }}
    union
    select
        'segment',
        'cookie',
        anonymous_id
    from {{ ref('stg_segment__messages') }}
    where {{ changed_since('segment', 'message', into='int_identifiers') }}
),

earlier as (
    {% if reads_everything('int_identifiers') or not journeyline_exists('intermediate', 'int_orders') -%}
    select null::uuid as source_record_key where false
    {%- else -%}
    select orders.source_record_key
    from changed_orders
    inner join {{ stored('int_orders') }} as orders on orders.order_id = 'shopify:' || upper(ltrim(changed_orders.order_name, '#'))
    union
    select orders.source_record_key
    from changed_invoices
    inner join {{ stored('int_orders') }} as orders on orders.order_id = 'point_of_sale:' || changed_invoices.invoice_no
    union
    select identifiers.source_record_key
    from changed_identities
    inner join {{ stored('int_identifiers') }} as identifiers
        on changed_identities.identity_value = identifiers.identifier_value and not identifiers.is_deleted
    inner join {{ stored('int_person_records') }} as records
        on identifiers.source_record_key = records.source_record_key and records.source_platform = 'zendesk'
    {%- if journeyline_exists('intermediate', 'int_refunds') %}
    union
    select refunds.source_record_key
    from changed_invoices
    inner join {{ stored('int_refunds') }} as refunds on refunds.refund_id = 'point_of_sale:' || changed_invoices.invoice_no
    {%- endif %}
    {%- if journeyline_exists('intermediate', 'int_tickets') %}
    union
    select tickets.source_record_key
    from changed_tickets
    inner join {{ stored('int_tickets') }} as tickets on changed_tickets.ticket_id = tickets.ticket_id
    {%- endif %}
    {%- if journeyline_exists('intermediate', 'int_touchpoints') %}
    union
    select touchpoints.source_record_key
    from changed_comments
    inner join {{ stored('int_touchpoints') }} as touchpoints
        on touchpoints.touchpoint_id = {{ touchpoint_key("'instagram'", "'social_comment'", 'changed_comments.comment_id') }}
    union
    select touchpoints.source_record_key
    from changed_messages
    cross join (values ('direct_message_received'), ('direct_message_sent'), ('story_mention'), ('story_interaction')) as kind (touchpoint_type)
    inner join {{ stored('int_touchpoints') }} as touchpoints
        on touchpoints.touchpoint_id = {{ touchpoint_key("'instagram'", 'kind.touchpoint_type', 'changed_messages.message_id') }}
    {%- endif %}
    {%- endif %}
),

touched as (
    select
        {{ source_record_key('source_platform', 'record_kind', 'source_record_id') }} as source_record_key,
        source_platform,
        record_kind,
        source_record_id
    from named
    where source_record_id is not null
    union
    {% if reads_everything('int_identifiers') -%}
    select
        source_record_key,
        null,
        null,
        null
    from earlier
    {%- else -%}
    select
        records.source_record_key,
        records.source_platform,
        records.record_kind,
        records.source_record_id
    from earlier
    inner join {{ stored('int_person_records') }} as records on earlier.source_record_key = records.source_record_key
    {%- endif %}
)

select
    source_record_key,
    source_platform,
    record_kind,
    source_record_id,
    {{ var('build_seq') }}::bigint as _changed_seq
from touched
