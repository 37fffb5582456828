{{ config(meta={'publish': 'whole'}, group='journey_analytics') }}

select
    persona_code,
    persona_order,
    persona_name,
    persona_description,
    needs,
    where_to_contact
from {{ ref('personas') }}
