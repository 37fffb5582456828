{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['persona_code']}]) }}

-- Revenue is compared on months of entry whose opportunity_days have passed in full; lost customers are those of today. Everybody, (all),
-- is compared as a whole: a persona is what somebody did, so within one that never buys nobody who advanced spent anything.
with cells as (
    select
        stage_key,
        coalesce(persona_code, '(all)') as persona_code,
        sum(lost) as lost,
        sum(advanced) filter (where is_closed) as advanced,
        sum(advanced_amount) filter (where is_closed) as advanced_amount,
        sum(stayed) filter (where is_closed) as stayed,
        sum(stayed_amount) filter (where is_closed) as stayed_amount
    from {{ ref('stage_value_cell') }} as cell
    cross join lateral (
        select (cell.month + interval '1 month')::date - 1 + {{ var('opportunity_days') }} <= '{{ var("export_date") }}'::date as is_closed
    ) as closed
    group by grouping sets ((stage_key, persona_code), (stage_key))
),

measured as (
    select
        cells.*,
        coalesce(lost, 0) < 10 or coalesce(advanced, 0) < 10 or coalesce(stayed, 0) < 10 as is_suppressed,
        advanced_amount / nullif(advanced, 0) as advanced_mean,
        stayed_amount / nullif(stayed, 0) as stayed_mean
    from cells
)

select
    stage_key,
    persona_code,
    '{{ var("export_date") }}'::date as as_of_date,
    {{ var('opportunity_days') }}::integer as revenue_days,
    case when not is_suppressed then lost::bigint end as lost_customers,
    case when not is_suppressed then advanced::bigint end as advanced_entries,
    case when not is_suppressed then round(advanced_mean, 2) end::numeric(18, 2) as advanced_mean_reporting_amount,
    case when not is_suppressed then stayed::bigint end as stayed_entries,
    case when not is_suppressed then round(stayed_mean, 2) end::numeric(18, 2) as stayed_mean_reporting_amount,
    case when not is_suppressed then round(lost * (advanced_mean - stayed_mean), 2) end::numeric(18, 2) as opportunity_reporting_amount,
    is_suppressed
from measured
