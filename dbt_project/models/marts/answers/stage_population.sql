{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['population_date']}]) }}

with changes as (
    select
        stage_key,
        coalesce(persona_code, '(all)') as persona_code,
        change_date,
        sum(entered) as entered,
        sum(departed) as departed
    from {{ ref('stage_population_change') }}
    where change_date <= '{{ var("export_date") }}'::date
    group by stage_key, change_date, grouping sets ((persona_code), ())
),

groups as (
    select
        stage_key,
        persona_code,
        min(change_date) as first_date
    from changes
    group by 1, 2
),

days as (
    select
        groups.stage_key,
        groups.persona_code,
        day.at::date as population_date
    from groups
    cross join lateral generate_series(groups.first_date, '{{ var("export_date") }}'::date, interval '1 day') as day (at)
),

counted as (
    select
        days.population_date,
        days.stage_key,
        days.persona_code,
        coalesce(changes.entered, 0)::bigint as entered,
        coalesce(changes.departed, 0)::bigint as departed,
        (sum(coalesce(changes.entered, 0) - coalesce(changes.departed, 0)) over so_far)::bigint as customers
    from days
    left join changes
        on
            days.stage_key = changes.stage_key
            and days.persona_code = changes.persona_code
            and days.population_date = changes.change_date
    window so_far as (partition by days.stage_key, days.persona_code order by days.population_date)
)

select
    population_date,
    stage_key,
    persona_code,
    customers,
    entered,
    departed,
    round(
        customers::numeric / nullif(sum(customers) over (partition by population_date, persona_code), 0), 6
    )::numeric(9, 6) as share_of_active,
    '{{ taxonomy_version() }}'::text as taxonomy_version
from counted
