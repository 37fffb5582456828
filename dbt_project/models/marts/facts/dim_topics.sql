{{ config(meta={'publish': 'whole'}, group='journey_analytics') }}

select
    topic,
    topic_rank,
    topic_name,
    four_p,
    owner_department,
    topic_description
from {{ ref('topics') }}
