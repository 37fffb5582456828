{{ config(meta={'publish': 'whole'}) }}

with cells as (
    select * from {{ ref('persona_feature_cell') }}
),

sizes as (
    select
        persona_code,
        customers as persona_customers
    from cells
    where feature_group = 'size'
),

totals as (
    select
        feature_group,
        feature,
        sum(customers) as customers
    from cells
    group by 1, 2
),

everybody as (
    select sum(persona_customers) as customers from sizes
),

measured as (
    select
        cells.persona_code,
        cells.feature_group,
        cells.feature,
        sizes.persona_customers,
        cells.customers,
        cells.amount,
        cells.customers < 10 as is_suppressed,
        -- of the persona itself: its part of everybody
        case
            when cells.feature_group = 'size' then cells.customers / everybody.customers
            else cells.customers::numeric / sizes.persona_customers
        end as share,
        case when cells.feature_group <> 'size' then totals.customers / everybody.customers end as share_of_all,
        case when cells.customers >= 10
            then dense_rank() over (
                partition by cells.persona_code, cells.feature_group, cells.customers >= 10 order by cells.customers desc, cells.feature
            )
        end as feature_rank
    from cells
    inner join sizes on cells.persona_code = sizes.persona_code
    inner join totals on cells.feature_group = totals.feature_group and cells.feature = totals.feature
    cross join everybody
)

select
    persona_code,
    feature_group,
    feature,
    case when persona_customers >= 10 then persona_customers end as persona_customers,
    case when not is_suppressed then customers end as customers,
    case when not is_suppressed then round(share, 6) end::numeric(9, 6) as share,
    case when not is_suppressed then round(share_of_all, 6) end::numeric(9, 6) as share_of_all,
    case when not is_suppressed then round(share / nullif(share_of_all, 0), 4) end::numeric(12, 4) as lift,
    case when not is_suppressed then round(amount / persona_customers, 4) end::numeric(18, 4) as mean_amount,
    feature_rank::integer as feature_rank,
    is_suppressed
from measured
