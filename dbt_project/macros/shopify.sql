{#- Who placed an order: one record per distinct contact; an order without any contact is a person of its own. Both forms in which
    orders come (admin CSV, API) make the same contact of the same cells. -#}
{% macro order_contact(orders) -%}
    {%- set is_guest = 'coalesce(' ~ orders ~ '.email, ' ~ orders ~ '.phone, ' ~ orders ~ '.full_name, ' ~ orders ~ '.address_line) is null' -%}
    {%- set contact = "md5(concat_ws('|', lower(" ~ orders ~ ".email), " ~ orders ~ ".phone, lower(" ~ orders ~ ".full_name), lower("
        ~ orders ~ ".address_line), lower(" ~ orders ~ ".city), lower(" ~ orders ~ ".postcode)))" -%}
    {%- set kind = "case when " ~ is_guest ~ " then 'guest_order' else 'order_contact' end" -%}
    {%- set id = "case when " ~ is_guest ~ " then " ~ orders ~ ".order_name else " ~ contact ~ " end" -%}
    {{ is_guest }} as is_guest,
    {{ contact }} as contact_id,
    {{ kind }} as record_kind,
    {{ id }} as source_record_id,
    {{ source_record_key("'shopify'", kind, id) }} as source_record_key
{%- endmacro %}

{#- Names of orders of which something changed, in either form. -#}
{% macro shopify_orders_changed(into) -%}
    select order_name
    from {{ ref('stg_shopify__order_lines') }}
    where {{ changed_since('shopify', 'orders_export', into=into) }}
    union
    select order_name
    from {{ ref('stg_shopify__api_orders') }}
    where {{ changed_since('shopify', 'order', into=into) }}
    union
    select orders.order_name
    from {{ ref('stg_shopify__api_order_lines') }} as lines
    inner join {{ ref('stg_shopify__api_orders') }} as orders on lines.source_order_id = orders.source_order_id
    where {{ changed_since('shopify', 'order_line', into=into, column='lines._changed_seq') }}
    union
    select orders.order_name
    from {{ ref('stg_shopify__refunds') }} as refunds
    inner join {{ ref('stg_shopify__api_orders') }} as orders on refunds.source_order_id = orders.source_order_id
    where {{ changed_since('shopify', 'refund', into=into, column='refunds._changed_seq') }}
{%- endmacro %}

{#-
  Orders by name, in the form in which a night delivered them last: the admin's CSV or the API. A brand uses one of them; where an
  order came in both, it counts once, and of two of one night the API's tells more.
  named   relation with the column order_name
  keep    other columns of it that come along
  Both halves join the names first, so that the cost follows what changed.
-#}
{% macro shopify_orders(named, keep=[]) -%}
    {%- set columns = [
        'order_name', 'order_id', 'source_order_id', 'ordered_at', 'paid_at', 'cancelled_at', 'financial_status', 'order_source', 'is_test',
        'discount_code', 'is_gift', 'anonymous_id', 'currency_code', 'discount_amount', 'shipping_amount', 'tax_amount', 'total_amount',
        'email', 'phone', 'full_name', 'address_line', 'city', 'postcode', 'region', 'country_code', 'company', 'record_kind',
        'source_record_id', 'source_record_key', 'is_deleted',
    ] -%}
    select
        {% for column in keep %}named.{{ column }},
        {% endfor -%}
        {% for column in columns %}orders.{{ column }},
        {% endfor -%}
        null::text as customer_id,
        'orders_export'::text as source_object
    from {{ named }} as named
    inner join {{ ref('stg_shopify__orders') }} as orders on named.order_name = orders.order_name
    where not exists (
        select 1 from {{ ref('stg_shopify__api_orders') }} as other
        where orders.order_name = other.order_name and orders._export_date <= other._export_date
    )
    union all
    select
        {% for column in keep %}named.{{ column }},
        {% endfor -%}
        {% for column in columns %}orders.{{ column }},
        {% endfor -%}
        orders.customer_id,
        'order'
    from {{ named }} as named
    inner join {{ ref('stg_shopify__api_orders') }} as orders on named.order_name = orders.order_name
    where
        not exists (
            select 1 from {{ ref('stg_shopify__orders') }} as other
            where orders.order_name = other.order_name and orders._export_date < other._export_date
        )
        -- two orders of one name: the newer one keeps it
        and not exists (
            select 1 from {{ ref('stg_shopify__api_orders') }} as other
            where
                orders.order_name = other.order_name
                and (other.ordered_at, other.source_order_id) > (orders.ordered_at, orders.source_order_id)
        )
{%- endmacro %}

{#- The same for customer accounts, by key. -#}
{% macro shopify_customers(named) -%}
    {%- set columns = [
        'customer_key', 'customer_id', 'source_record_key', 'till_customer_id', 'email', 'phone', 'given_name', 'family_name',
        'address_line', 'city', 'postcode', 'region', 'country_code', 'company', 'email_consent', 'sms_consent', '_export_date', 'is_deleted',
    ] -%}
    select
        {% for column in columns %}customers.{{ column }},
        {% endfor -%}
        null::boolean as is_email_verified,
        null::timestamptz as email_consent_at,
        null::timestamptz as sms_consent_at,
        null::timestamptz as created_at,
        null::timestamptz as updated_at
    from {{ named }} as named
    inner join {{ ref('stg_shopify__customers') }} as customers on named.customer_key = customers.customer_key
    where not exists (
        select 1 from {{ ref('stg_shopify__api_customers') }} as other
        where customers.customer_id = other.customer_id and customers._export_date <= other._export_date
    )
    union all
    select
        {% for column in columns %}customers.{{ column }},
        {% endfor -%}
        customers.is_email_verified,
        customers.email_consent_at,
        customers.sms_consent_at,
        customers.created_at,
        customers.updated_at
    from {{ named }} as named
    inner join {{ ref('stg_shopify__api_customers') }} as customers on substr(named.customer_key, 4) = customers.customer_id
    where
        named.customer_key like 'id:%'
        and not exists (
            select 1 from {{ ref('stg_shopify__customers') }} as other
            where customers.customer_key = other.customer_key and customers._export_date < other._export_date
        )
{%- endmacro %}
