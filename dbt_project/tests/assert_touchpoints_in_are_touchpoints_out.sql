-- Of the night's customers: every event that is not deleted and not of the brand's own people is a row of fct_touchpoints, once.
with events as (
    select touchpoints.touchpoint_id
    from {{ ref('int_touchpoints') }} as touchpoints
    inner join {{ ref('int_records_affected') }} as records on touchpoints.source_record_key = records.source_record_key
    where not touchpoints.is_deleted and not records.is_internal
)

select coalesce(events.touchpoint_id, facts.touchpoint_id) as touchpoint_id
from events
full join {{ ref('fct_touchpoints') }} as facts on events.touchpoint_id = facts.touchpoint_id
where events.touchpoint_id is null or facts.touchpoint_id is null
