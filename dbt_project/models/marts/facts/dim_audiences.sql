{{ config(meta={'publish': 'whole'}) }}

select
    audience_code,
    audience_order,
    audience_name,
    why,
    enter_event,
    after_days,
    leave_events,
    stay_days,
    outcome_event,
    outcome_days,
    '{{ var("export_date") }}'::date as data_end_date
from {{ ref('audiences') }}
