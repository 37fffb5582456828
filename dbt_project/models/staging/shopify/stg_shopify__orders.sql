-- no CTE: Postgres looks into a view without one, and then finds the few orders that a night asks for by their name
select
    orders.*,
    {{ order_contact('orders') }}
from (
    select
        -- ids
        name as order_name,
        'shopify:' || upper(ltrim(name, '#')) as order_id,
        {{ clean_cell('order_id') }} as source_order_id,

        -- state
        created_at as ordered_at,
        paid_at,
        cancelled_at,
        lower({{ clean_text('financial_status') }}) as financial_status,
        lower({{ clean_text('source') }}) as order_source,
        coalesce(tags ~* '\mtest\M', false) as is_test,
        {{ clean_text('discount_code') }} as discount_code,
        -- a gift goes to somebody else; who that is stays in the export
        {{ is_gift_order(
            words=['tags', 'notes'],
            billing=('billing_name', "concat(billing_address1, billing_zip)"),
            shipping=('shipping_name', "concat(shipping_address1, shipping_zip)"),
        ) }} as is_gift,
        -- the browser that placed the order, where the shop notes it
        substring(note_attributes from '(?i)segment_anonymous_id:\s*(\S+)') as anonymous_id,

        -- money
        upper({{ clean_text('currency') }}) as currency_code,
        coalesce(discount_amount, 0) as discount_amount,
        coalesce(shipping, 0) as shipping_amount,
        coalesce(taxes, 0) as tax_amount,
        total as total_amount,
        coalesce(refunded_amount, 0) as refunded_amount,

        -- the buyer; a shipping name is a recipient and never the buyer
        {{ clean_text('email') }} as email,
        coalesce({{ clean_cell('phone') }}, {{ clean_cell('billing_phone') }}) as phone,
        {{ clean_text('billing_name') }} as full_name,
        {{ join_text([clean_text('billing_address1'), clean_text('billing_address2')]) }} as address_line,
        {{ clean_text('billing_city') }} as city,
        {{ clean_cell('billing_zip') }} as postcode,
        coalesce({{ clean_text('billing_province_name') }}, {{ clean_text('billing_province') }}) as region,
        {{ clean_text('billing_country') }} as country_code,
        {{ clean_text('billing_company') }} as company,

        -- metadata
        _is_deleted as is_deleted,
        _export_date,
        _batch_id,
        _changed_seq
    from {{ source('shopify', 'orders_export') }}
    where is_first_line
) as orders
