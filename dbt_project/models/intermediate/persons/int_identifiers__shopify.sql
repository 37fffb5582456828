{{ config(materialized='ephemeral') }}

with touched_accounts as (
    select source_record_id as customer_key from {{ ref('int_records_touched') }} where source_platform = 'shopify' and record_kind = 'account'
),

customers as (
    {{ shopify_customers('touched_accounts') }}
),

accounts as (
    select
        customers.*,
        coalesce(customers.updated_at, customers._export_date::timestamp at time zone 'UTC') as seen_at
    from customers
),

account_identifiers as (
    select
        accounts.source_record_key,
        identifier.identifier_type,
        identifier.identifier_namespace,
        identifier.identifier_value,
        identifier.is_verified,
        accounts.is_deleted,
        null::timestamptz as first_seen_at,
        accounts.seen_at as last_seen_at
    from accounts
    cross join lateral (
        values
        ('account_id', 'shopify.customer', accounts.customer_id, true),
        ('email', 'global', accounts.email, coalesce(accounts.is_email_verified, false)),
        ('phone', 'global', accounts.phone, false),
        ('vendor_merge', 'point_of_sale.customer', accounts.till_customer_id, true)
    ) as identifier (identifier_type, identifier_namespace, identifier_value, is_verified)
),

touched as (
    {{ touched('shopify', kinds=['order_contact', 'guest_order']) }}
),

placed as (
    select
        touched.source_record_key as touched_key,
        placed.source_order_id as order_name
    from touched
    inner join {{ ref('int_orders') }} as placed
        on touched.source_record_key = placed.source_record_key and placed.source_platform = 'shopify' and not placed.is_deleted
),

contact_orders as (
    {{ shopify_orders('placed', keep=['touched_key']) }}
),

contact_identifiers as (
    select
        contact_orders.touched_key as source_record_key,
        identifier.identifier_type,
        identifier.identifier_namespace,
        identifier.identifier_value,
        false as is_verified,
        false as is_deleted,
        min(contact_orders.ordered_at) as first_seen_at,
        max(contact_orders.ordered_at) as last_seen_at
    from contact_orders
    cross join lateral (
        values
        ('order_id', 'shop.order', contact_orders.order_name),
        ('order_id', 'shop.order_id', contact_orders.source_order_id),
        ('account_id', 'shopify.customer', contact_orders.customer_id),
        ('email', 'global', contact_orders.email),
        ('phone', 'global', contact_orders.phone),
        ('cookie_id', 'segment.anonymous', contact_orders.anonymous_id)
    ) as identifier (identifier_type, identifier_namespace, identifier_value)
    where identifier.identifier_value is not null
    group by 1, 2, 3, 4
)

select
    source_record_key,
    identifier_type,
    identifier_namespace,
    identifier_value,
    is_verified,
    is_deleted,
    first_seen_at,
    last_seen_at
from account_identifiers
union all
select * from contact_identifiers
union all
-- a contact that no order has any more: its identifiers go
select
    touched.source_record_key,
    'order_id',
    'shop.order',
    null,
    false,
    true,
    null,
    null
from touched
where touched.source_record_key not in (select contact_orders.touched_key from contact_orders)
