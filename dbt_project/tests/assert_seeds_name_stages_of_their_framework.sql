-- A stage that is named for a framework exists in that framework: a misspelt key would only be missing from the figures.
with named as (
    select
        'stage_rules' as seed,
        taxonomy_version,
        stage_key
    from {{ ref('stage_rules') }}
    union all
    select
        'map_scope_stages',
        taxonomy_version,
        stage_key
    from {{ ref('map_scope_stages') }}
    union all
    select
        'stage_pairs',
        taxonomy_version,
        unnest(array[from_stage, to_stage])
    from {{ ref('stage_pairs') }}
    union all
    select
        'retention_events',
        taxonomy_version,
        regexp_split_to_table(first_stage_keys || ' ' || second_stage_keys, ' +')
    from {{ ref('retention_events') }}
    union all
    select
        'kpi_stages',
        taxonomy_version,
        stage_key
    from {{ ref('kpi_stages') }}
    union all
    select
        'stage_expectations',
        taxonomy_version,
        stage_key
    from {{ ref('stage_expectations') }}
    union all
    select
        'map_definitions.planned_path',
        taxonomy_version,
        regexp_split_to_table(planned_path, '>')
    from {{ ref('map_definitions') }}
)

select distinct
    named.seed,
    named.taxonomy_version,
    named.stage_key
from named
left join {{ ref('stages') }} as stages on named.stage_key = stages.stage_key and named.taxonomy_version = stages.taxonomy_version
where named.stage_key is not null and stages.stage_key is null
