{{ config(meta={'publish': 'whole'}) }}

-- The map that was planned and the path that customers take: what differs, version by version. The observed path is the most
-- frequent variant of the scope; paths and plans are compared as sets of stages and as sequences of pairs.
with maps as (
    select
        map_definition.*,
        lag(map_version) over (partition by map_code order by map_version) as previous_version,
        lag(planned_path) over (partition by map_code order by map_version) as previous_path
    from {{ ref('map_definition') }} as map_definition
),

observed as (
    select distinct on (scope)
        scope,
        stages as observed_path,
        customers,
        share_of_all
    from {{ ref('path_variant') }}
    where variant_no > 0 and cardinality(stages) > 1
    order by scope, paths desc, variant_no
),

headline as (
    select
        scope,
        persona_code,
        max(customers) filter (where step_no = 1) as entered_customers,
        (array_agg(overall_rate order by step_no desc))[1] as overall_rate
    from {{ ref('stage_funnel') }}
    where channel = '(all)' and cohort = '(all)'
    group by 1, 2
)

select
    maps.map_code,
    maps.map_version,
    maps.map_name,
    maps.scope,
    maps.persona_code,
    maps.valid_from,
    maps.valid_to,
    maps.previous_version,
    maps.planned_path,
    observed.observed_path,
    observed.customers as observed_customers,
    observed.share_of_all as observed_share,
    (select count(*) from unnest(maps.planned_path) as planned (stage) where planned.stage = any(observed.observed_path))::integer as stages_as_planned,
    array(
        select planned.stage from unnest(maps.planned_path) with ordinality as planned (stage, place)
        where planned.stage <> all(observed.observed_path) order by planned.place
    ) as planned_not_observed,
    array(
        select distinct seen.stage from unnest(observed.observed_path) as seen (stage) where seen.stage <> all(maps.planned_path) order by 1
    ) as observed_not_planned,
    headline.entered_customers,
    headline.overall_rate,
    case
        when maps.previous_version is null then 'First version'
        when maps.previous_path = maps.planned_path then 'The planned path is the same as in version ' || maps.previous_version
        else 'The planned path was ' || array_to_string(maps.previous_path, ' > ')
    end as change_summary,
    '{{ var("export_date") }}'::date as data_end_date
from maps
-- a plan in stages of another framework has nothing to be compared with
left join observed on maps.scope = observed.scope and maps.taxonomy_version = '{{ taxonomy_version() }}'
left join headline on maps.scope = headline.scope and maps.persona_code = headline.persona_code
