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

-- days on which nothing changed as rows of nought: joining them by three keys, Postgres expects a row and loops
days as (
    select
        groups.stage_key,
        groups.persona_code,
        day.at::date as population_date,
        0 as entered,
        0 as departed
    from groups
    cross join lateral generate_series(groups.first_date, '{{ var("export_date") }}'::date, interval '1 day') as day (at)
    union all
    select
        stage_key,
        persona_code,
        change_date,
        entered,
        departed
    from changes
),

counted as (
    select
        population_date,
        stage_key,
        persona_code,
        sum(entered)::bigint as entered,
        sum(departed)::bigint as departed,
        (sum(sum(entered - departed)) over (partition by stage_key, persona_code order by population_date))::bigint as customers
    from days
    group by 1, 2, 3
),

guarded as (
    select
        counted.*,
        -- a persona of fewer than ten customers in a stage is not shown; nobody is somebody to show
        persona_code <> '(all)' and customers between 1 and 9 as is_suppressed,
        sum(customers) over (partition by population_date, persona_code) as active_customers
    from counted
)

select
    population_date,
    stage_key,
    persona_code,
    case when not is_suppressed then customers end as customers,
    case when not is_suppressed then entered end as entered,
    case when not is_suppressed then departed end as departed,
    case when not is_suppressed then round(customers::numeric / nullif(active_customers, 0), 6) end::numeric(9, 6) as share_of_active,
    is_suppressed,
    '{{ taxonomy_version() }}'::text as taxonomy_version
from guarded
