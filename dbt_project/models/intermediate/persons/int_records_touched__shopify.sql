{{ config(materialized='ephemeral') }}

with changed_orders as (
    select distinct order_name
    from {{ ref('stg_shopify__order_lines') }}
    where {{ changed_since('shopify', 'orders_export', into='int_identifiers') }}
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
    orders.record_kind,
    orders.source_record_id,
    null
from changed_orders
inner join {{ ref('stg_shopify__orders') }} as orders on changed_orders.order_name = orders.order_name
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
