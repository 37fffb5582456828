{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['month']}],
) }}

-- How the brand stands at each stage, month by month, from prospect to lifetime customer: people who entered, whether they
-- moved on, and the stage's KPIs beside their goals.
{% set contribution %}
    select
        entries.stage_key,
        date_trunc('month', entries.entered_date)::date as month,
        count(*) as entries,
        count(distinct entries.golden_customer_id) as customers,
        count(*) filter (where entries.next_stage_key is not null) as moved_on,
        count(*) filter (where entries.move in ('loop', 'back')) as turned_back
    from [[fct_stage_entries]] as entries
    group by 1, 2
{% endset %}

{% set cells = additive(
    keys=['stage_key', 'month'], sums=['entries', 'customers', 'moved_on', 'turned_back'], facts=['fct_stage_entries'], contribution=contribution
) %}

with cells as (
    select * from {{ cells }} as cells
),

kpis as (
    select
        kpis.stage_key,
        date_trunc('month', days.metric_date)::date as month,
        days.kpi_code,
        case
            when kpis.denominator_metric is null then round(avg(days.numerator), 4)
            else round(sum(days.numerator) / nullif(sum(days.denominator), 0), 6)
        end as kpi_value,
        max(days.target_value) as target_value,
        max(kpis.better) as better
    from {{ ref('kpi_day') }} as days
    inner join {{ ref('dim_kpis') }} as kpis on days.kpi_code = kpis.kpi_code
    where days.segment = '(all)' and kpis.stage_key is not null
    group by kpis.stage_key, date_trunc('month', days.metric_date)::date, days.kpi_code, kpis.denominator_metric
),

goals as (
    select
        stage_key,
        month,
        count(*) filter (where target_value is not null)::integer as goals,
        count(*) filter (
            where (better = 'up' and kpi_value >= target_value) or (better = 'down' and kpi_value <= target_value)
        )::integer as goals_met,
        jsonb_object_agg(kpi_code, jsonb_build_object('value', kpi_value, 'target', target_value)) as kpis
    from kpis
    group by 1, 2
)

select
    cells.stage_key,
    cells.month,
    stages.stage_name,
    stages.stage_order,
    stages.macro_stage,
    cells.entries::bigint as entries,
    cells.customers::bigint as customers,
    cells.moved_on::bigint as moved_on,
    cells.turned_back::bigint as turned_back,
    round(cells.moved_on / nullif(cells.entries, 0), 6)::numeric(9, 6) as moved_on_rate,
    coalesce(goals.goals, 0) as goals,
    coalesce(goals.goals_met, 0) as goals_met,
    goals.kpis,
    cells.month + interval '1 month' <= {{ data_end() }} as is_complete
from cells
inner join {{ ref('dim_stages') }} as stages on cells.stage_key = stages.stage_key and stages.is_in_force
left join goals on cells.stage_key = goals.stage_key and cells.month = goals.month
