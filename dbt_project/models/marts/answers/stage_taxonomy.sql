{{ config(materialized='view', meta={'publish': 'view'}) }}

select
    taxonomy_version,
    stage_key,
    stage_code,
    sub_stage,
    stage_order,
    stage_name,
    stage_description,
    macro_stage,
    macro_order,
    family,
    path_rank,
    is_in_force
from {{ ref('dim_stages') }}
