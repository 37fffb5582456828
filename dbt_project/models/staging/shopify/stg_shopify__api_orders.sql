-- an order as the API, a bulk operation or a warehouse extract gives it; the columns of stg_shopify__orders
-- no CTE: Postgres looks into a view without one, and then finds the few orders that a night asks for by their name
select
    orders.*,
    {{ order_contact('orders') }}
from (
    select
        -- ids
        name as order_name,
        'shopify:' || upper(ltrim(name, '#')) as order_id,
        id as source_order_id,
        customer_id,

        -- state; the API has no time of payment: an order that was paid was paid when it was processed
        created_at as ordered_at,
        case when lower(financial_status) in ('paid', 'partially_refunded', 'refunded') then greatest(processed_at, created_at) end as paid_at,
        cancelled_at,
        lower({{ clean_text('financial_status') }}) as financial_status,
        lower({{ clean_text('source_name') }}) as order_source,
        coalesce(test, false) or coalesce(tags ~* '\mtest\M', false) as is_test,
        case when jsonb_typeof(discount_codes) = 'array' then coalesce(discount_codes -> 0 ->> 'code', discount_codes ->> 0) end as discount_code,
        -- a gift goes to somebody else; who that is stays in the export
        {{ is_gift_order(
            words=['tags', 'note'],
            billing=("coalesce(billing_name, concat(billing_first_name, billing_last_name))", "concat(billing_address1, billing_zip)"),
            shipping=("coalesce(shipping_name, concat(shipping_first_name, shipping_last_name))", "concat(shipping_address1, shipping_zip)"),
        ) }} as is_gift,
        segment_anonymous_id as anonymous_id,

        -- money
        upper({{ clean_text('currency') }}) as currency_code,
        coalesce(total_discounts, 0) as discount_amount,
        coalesce(total_shipping_price, 0) as shipping_amount,
        coalesce(total_tax, 0) as tax_amount,
        total_price as total_amount,

        -- the buyer; a shipping name is a recipient and never the buyer
        {{ clean_text('email') }} as email,
        coalesce({{ clean_cell('phone') }}, {{ clean_cell('billing_phone') }}) as phone,
        coalesce({{ clean_text('billing_name') }}, {{ join_text([clean_text('billing_first_name'), clean_text('billing_last_name')]) }}) as full_name,
        {{ join_text([clean_text('billing_address1'), clean_text('billing_address2')]) }} as address_line,
        {{ clean_text('billing_city') }} as city,
        {{ clean_cell('billing_zip') }} as postcode,
        coalesce({{ clean_text('billing_province') }}, {{ clean_text('billing_province_code') }}) as region,
        coalesce({{ clean_text('billing_country_code') }}, {{ clean_text('billing_country') }}) as country_code,
        {{ clean_text('billing_company') }} as company,

        -- metadata
        _is_deleted as is_deleted,
        _export_date,
        _batch_id,
        _changed_seq
    from {{ source('shopify', 'order') }}
) as orders
