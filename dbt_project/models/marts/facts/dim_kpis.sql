{{ config(meta={'publish': 'whole'}) }}

select
    kpi_code,
    kpi_name,
    kpi_kind,
    stage_key,
    numerator_metric,
    denominator_metric,
    unit,
    better,
    owner_department,
    kpi_description,
    numerator_metric || coalesce(' / ' || denominator_metric, '') as formula
from {{ ref('kpis') }}
