{{ config(meta={'publish': 'whole'}) }}

select
    map_code,
    map_version,
    map_name,
    scope,
    persona_code,
    goal,
    experience_kpi,
    business_kpi,
    string_to_array(planned_path, '>') as planned_path,
    valid_from,
    valid_to,
    taxonomy_version,
    taxonomy_version = '{{ taxonomy_version() }}' and map_version = max(map_version) over (partition by map_code, taxonomy_version) as is_latest_version
from {{ ref('map_definitions') }}
