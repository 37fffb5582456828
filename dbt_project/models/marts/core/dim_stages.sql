{{ config(meta={'publish': 'whole'}) }}

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
    opens_episode,
    is_order,
    is_reorder,
    is_wait,
    is_receipt,
    is_refund,
    is_issue,
    is_feedback,
    is_recommendation,
    is_service,
    taxonomy_version = '{{ taxonomy_version() }}' as is_in_force
from {{ ref('stages') }}
