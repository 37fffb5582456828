{{ config(meta={'publish': 'whole'}) }}

-- the stage shown is that of the type's last rule, which holds when no condition does
with defaults as (
    select distinct on (touchpoint_type)
        touchpoint_type,
        stage_key
    from {{ ref('stage_rules') }}
    where taxonomy_version = '{{ taxonomy_version() }}'
    order by touchpoint_type, priority desc
)

select
    types.touchpoint_type,
    types.touchpoint_name,
    types.touchpoint_description,
    types.medium,
    types.direction,
    types.ownership,
    types.is_exposure,
    types.is_earned,
    types.is_marketing_touch,
    types.owner_department,
    defaults.stage_key as default_stage_key
from {{ ref('touchpoint_types') }} as types
left join defaults on types.touchpoint_type = defaults.touchpoint_type
