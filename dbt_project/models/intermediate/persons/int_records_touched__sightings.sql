{{ config(materialized='ephemeral') }}

-- whom changed sightings name; and, where an event's person may have changed, whom it named when it was stored
{%- set has = staged_columns('sightings', sighting_types()) %}
{%- set marks = journeyline_watermarks() %}
{%- for model, about in listed('sightings').items() %}
{%- set changed = changed_rows(model, about, 'int_identifiers', marks) %}
select
    '{{ about.platform }}'::text as source_platform,
    sighting.record_kind::text as record_kind,
    sighting.source_record_id::text as source_record_id,
    null::uuid as earlier_record_key
from {{ changed }} as sighting
union all
{%- if 'source_event_id' in has[model] and stores_earlier('int_touchpoints') %}
select
    null,
    null,
    null,
    touchpoints.source_record_key
from {{ changed }} as sighting
inner join {{ stored('int_touchpoints') }} as touchpoints
    on
        touchpoints.source_event_id = sighting.source_event_id
        and touchpoints.source_platform = '{{ about.platform }}'
        and touchpoints.source_object = '{{ about.object }}'
union all
{%- endif %}
{%- endfor %}
select
    null::text as source_platform,
    null::text as record_kind,
    null::text as source_record_id,
    null::uuid as earlier_record_key
where false
