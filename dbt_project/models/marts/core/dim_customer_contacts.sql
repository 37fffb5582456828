{{ config(meta={'publish': 'customer', 'pii': true}) }}

with customers as (
    select distinct golden_customer_id from {{ affected() }} where not is_internal
)

select
    customers.golden_customer_id,
    golden.full_name,
    golden.given_name,
    golden.family_name,
    golden.email,
    golden.email_consent,
    golden.phone,
    golden.sms_consent,
    golden.birth_date,
    golden.address_line,
    golden.city,
    golden.postcode,
    golden.region,
    golden.country_code,
    golden.company
from customers
inner join {{ source('identity', 'golden_records') }} as golden on customers.golden_customer_id = golden.golden_customer_id
