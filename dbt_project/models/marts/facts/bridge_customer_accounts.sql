{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['account_key']}],
) }}

-- The company for which somebody writes: the golden record's, without legal form and punctuation, so that spellings meet.
with companies as (
    select
        customers.golden_customer_id,
        lower(golden.company) as company
    from {{ ref('dim_customers') }} as customers
    inner join {{ source('identity', 'golden_records') }} as golden on customers.golden_customer_id = golden.golden_customer_id
    where golden.company is not null
),

named as (
    select
        golden_customer_id,
        {{ company_name('company') }} as account_name
    from companies
)

select
    named.golden_customer_id,
    md5(named.account_name)::uuid as account_key,
    named.account_name
from named
where length(named.account_name) >= 2 and named.account_name not in (select placeholder from {{ ref('company_placeholders') }})
