{{ config(meta={'publish': 'whole'}) }}

-- what the CRMs say of companies, by the same spelling; the newest word counts
with companies as (
    select
        {{ company_name('company_name') }} as account_name,
        company_name,
        industry,
        annual_revenue,
        null::bigint as number_of_employees,
        null::text as account_type,
        country,
        updated_at,
        'hubspot' as source_platform
    from {{ ref('stg_hubspot__companies') }}
    where not is_deleted and company_name is not null
    union all
    select
        {{ company_name('company_name') }},
        company_name,
        industry,
        annual_revenue,
        number_of_employees,
        account_type,
        country,
        updated_at,
        'salesforce'
    from {{ ref('stg_salesforce__accounts') }}
    where not is_deleted and company_name is not null
),

newest as (
    select distinct on (account_name)
        companies.*
    from companies
    where length(account_name) >= 2 and account_name not in (select placeholder from {{ ref('company_placeholders') }})
    order by account_name, updated_at desc nulls last, source_platform, company_name
),

active as (
    select
        account_key,
        account_name,
        min(quarter_start) as first_quarter,
        max(quarter_start) as last_quarter,
        sum(revenue_amount) as revenue_amount
    from {{ ref('account_health') }}
    group by 1, 2
)

select
    coalesce(active.account_key, md5(newest.account_name)::uuid) as account_key,
    coalesce(newest.company_name, initcap(active.account_name)) as account_name,
    newest.industry,
    newest.account_type,
    newest.country,
    newest.number_of_employees,
    newest.annual_revenue::numeric(18, 2) as annual_revenue_amount,
    newest.source_platform as crm,
    active.first_quarter,
    active.last_quarter,
    active.revenue_amount::numeric(18, 2) as revenue_amount
from newest
full join active on newest.account_name = active.account_name
