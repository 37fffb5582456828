-- Whoever placed an order. The e-mail is a relay, stable per buyer and shop: an id, not an e-mail. The address is a recipient's,
-- and the buyer's only where the names agree.
with orders as (
    select
        id,
        created,
        {{ clean_text('buyer_name') }} as buyer_name,
        lower({{ clean_text('buyer_email') }}) as buyer_email,
        coalesce(lower(btrim(buyer_name)) = lower(btrim(shipping_name)), false) as is_sent_to_buyer,
        shipping_street1,
        shipping_street2,
        shipping_city,
        shipping_state,
        shipping_postal_code,
        shipping_country,
        email_remarketing_option,
        is_test_order,
        {{ clean_text('merchant_order_id') }} as merchant_order_id,
        _is_deleted,
        _changed_seq
    from {{ source('facebook_shops', 'order') }}
)

select
    -- person
    'guest_order' as record_kind,
    id as source_record_id,
    created as seen_at,
    case when buyer_email !~ '@marketplace\.facebook\.' then buyer_email end as email,
    buyer_name as full_name,
    case when is_sent_to_buyer then {{ join_text([clean_text('shipping_street1'), clean_text('shipping_street2')]) }} end as address_line,
    case when is_sent_to_buyer then {{ clean_text('shipping_city') }} end as city,
    case when is_sent_to_buyer then {{ clean_cell('shipping_postal_code') }} end as postcode,
    case when is_sent_to_buyer then {{ clean_text('shipping_state') }} end as region,
    case when is_sent_to_buyer then upper({{ clean_text('shipping_country') }}) end as country_code,
    case when email_remarketing_option then 'subscribed' end as email_consent,
    case when email_remarketing_option then created end as email_consent_at,
    coalesce(is_test_order, false) as is_internal,
    {{ identifier_list([
        ['social_id', 'facebook.relay', "case when buyer_email ~ '@marketplace\\.facebook\\.' then buyer_email end", 'true'],
        ['order_id', 'shop.order', "case when merchant_order_id !~ '^\\d{9,}$' then '#' || ltrim(merchant_order_id, '#') end"],
        ['order_id', 'shop.order_id', "case when merchant_order_id ~ '^\\d{9,}$' then merchant_order_id end"],
    ]) }} as identifiers,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from orders
