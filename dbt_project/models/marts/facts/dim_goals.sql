{{ config(meta={'publish': 'whole'}) }}

select
    kpi_code,
    valid_from,
    valid_to,
    target,
    goal_owner,
    goal_note
from {{ ref('goals') }}
