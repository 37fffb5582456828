{{ config(meta={'publish': 'whole'}) }}

select
    kpis.kpi_code,
    kpis.kpi_name,
    kpis.kpi_kind,
    stages.stage_key,
    kpis.numerator_metric,
    kpis.denominator_metric,
    kpis.unit,
    kpis.better,
    kpis.owner_department,
    kpis.kpi_description,
    kpis.numerator_metric || coalesce(' / ' || kpis.denominator_metric, '') as formula
from {{ ref('kpis') }} as kpis
left join {{ ref('kpi_stages') }} as stages
    on kpis.kpi_code = stages.kpi_code and stages.taxonomy_version = '{{ taxonomy_version() }}'
