{{ config(materialized='ephemeral') }}

with touched_accounts as (
    select source_record_id as customer_key from {{ ref('int_records_touched') }} where source_platform = 'shopify' and record_kind = 'account'
),

customers as (
    {{ shopify_customers('touched_accounts') }}
),

accounts as (
    select
        customers.source_record_key,
        'account'::text as record_kind,
        customers.customer_key as source_record_id,
        customers.email,
        customers.phone,
        {{ join_text(['customers.given_name', 'customers.family_name']) }} as full_name,
        customers.given_name,
        customers.family_name,
        customers.address_line,
        customers.city,
        customers.postcode,
        customers.region,
        customers.country_code,
        customers.company,
        customers.email_consent,
        customers.sms_consent,
        customers.is_email_verified,
        customers.email_consent_at,
        customers.sms_consent_at,
        -- the CSV has no times: the nights on which the account appeared and last changed stand for them
        coalesce(customers.created_at, (least(customers._export_date, (
            select min(earlier._export_date)
            from {{ source('shopify_history', 'customers_export') }} as earlier
            where earlier.customer_key = customers.customer_key
        )))::timestamp at time zone 'UTC') as first_seen_at,
        coalesce(customers.updated_at, customers._export_date::timestamp at time zone 'UTC') as last_seen_at,
        customers.is_deleted
    from customers
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

orders as (
    {{ shopify_orders('placed', keep=['touched_key']) }}
),

contact_orders as (
    select
        orders.touched_key as source_record_key,
        orders.order_name,
        orders.record_kind,
        orders.source_record_id,
        orders.email,
        orders.phone,
        orders.full_name,
        orders.address_line,
        orders.city,
        orders.postcode,
        orders.region,
        orders.country_code,
        orders.company,
        orders.ordered_at,
        row_number() over (partition by orders.touched_key order by orders.ordered_at desc, orders.order_name desc) as recency
    from orders
),

contact_spans as (
    select
        source_record_key,
        min(ordered_at) as first_seen_at,
        max(ordered_at) as last_seen_at
    from contact_orders
    group by 1
),

contacts as (
    select
        touched.source_record_key,
        latest.record_kind,
        latest.source_record_id,
        latest.email,
        latest.phone,
        latest.full_name,
        null::text as given_name,
        null::text as family_name,
        latest.address_line,
        latest.city,
        latest.postcode,
        latest.region,
        latest.country_code,
        latest.company,
        null::text as email_consent,
        null::text as sms_consent,
        null::boolean as is_email_verified,
        null::timestamptz as email_consent_at,
        null::timestamptz as sms_consent_at,
        contact_spans.first_seen_at,
        contact_spans.last_seen_at,
        latest.order_name is null as is_deleted
    from touched
    left join contact_orders as latest on touched.source_record_key = latest.source_record_key and latest.recency = 1
    left join contact_spans on touched.source_record_key = contact_spans.source_record_key
)

select
    source_record_key,
    'shopify'::text as source_platform,
    record_kind,
    source_record_id,
    email,
    phone,
    full_name,
    given_name,
    family_name,
    null::date as birth_date,
    address_line,
    city,
    postcode,
    region,
    country_code,
    company,
    is_email_verified,
    null::boolean as is_phone_shared,
    email_consent,
    sms_consent,
    email_consent_at,
    sms_consent_at,
    first_seen_at,
    last_seen_at,
    false as is_internal,
    is_deleted
from (
    select * from accounts
    union all
    select * from contacts
) as both_kinds
