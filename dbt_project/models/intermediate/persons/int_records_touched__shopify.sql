{{ config(materialized='ephemeral') }}

with changed_orders as (
    {{ shopify_orders_changed(into='int_identifiers') }}
),

orders as (
    {{ shopify_orders('changed_orders') }}
)

select
    'shopify'::text as source_platform,
    'account'::text as record_kind,
    customer_key as source_record_id,
    null::uuid as earlier_record_key
from {{ ref('stg_shopify__customers') }}
where {{ changed_since('shopify', 'customers_export', into='int_identifiers') }}
union all
select
    'shopify',
    'account',
    customer_key,
    null
from {{ ref('stg_shopify__api_customers') }}
where {{ changed_since('shopify', 'customer', into='int_identifiers') }}
union all
select
    'shopify',
    orders.record_kind,
    orders.source_record_id,
    null
from orders
{%- if stores_earlier('int_orders') %}
union all
select
    null,
    null,
    null,
    orders.source_record_key
from changed_orders
inner join {{ stored('int_orders') }} as orders on orders.order_id = 'shopify:' || upper(ltrim(changed_orders.order_name, '#'))
{%- endif %}
