-- A map balances customers and business: its first KPI is one of experience, its second one of business.
select
    maps.map_code,
    maps.map_version
from {{ ref('map_definitions') }} as maps
left join {{ ref('kpis') }} as experience on maps.experience_kpi = experience.kpi_code
left join {{ ref('kpis') }} as business on maps.business_kpi = business.kpi_code
where experience.kpi_kind is distinct from 'experience' or business.kpi_kind is distinct from 'business'
