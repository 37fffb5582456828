{{ config(materialized='view', meta={'publish': 'view'}) }}

with counted as (
    select
        cells.month_start_date,
        cells.touchpoint_type,
        sum(cells.touchpoints) as touchpoints,
        sum(cells.matched_touchpoints) as matched_touchpoints,
        sum(cells.type_customers) as customers
    from {{ ref('touchpoint_cell') }} as cells
    group by 1, 2
)

select
    counted.month_start_date,
    types.touchpoint_type,
    types.touchpoint_name,
    types.ownership,
    types.medium,
    types.direction,
    types.owner_department,
    types.is_exposure,
    types.is_earned,
    types.is_marketing_touch,
    types.default_stage_key,
    counted.touchpoints::bigint as touchpoints,
    counted.customers::bigint as customers,
    counted.matched_touchpoints::bigint as matched_touchpoints,
    round(counted.touchpoints / sum(counted.touchpoints) over (partition by counted.month_start_date), 6)::numeric(9, 6) as touchpoint_share,
    round(counted.matched_touchpoints / nullif(counted.touchpoints, 0), 6)::numeric(9, 6) as matched_share
from counted
inner join {{ ref('dim_touchpoint_types') }} as types on counted.touchpoint_type = types.touchpoint_type
