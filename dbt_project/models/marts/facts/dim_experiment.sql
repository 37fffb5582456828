{{ config(meta={'publish': 'whole'}) }}

select
    experiment_id,
    variant,
    experiment_title,
    is_control,
    planned_share,
    starts_on,
    ends_on,
    metric,
    coalesce(planned_looks, 1) as planned_looks
from {{ ref('stg_planning__experiments') }}
