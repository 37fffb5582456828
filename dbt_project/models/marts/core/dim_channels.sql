{{ config(meta={'publish': 'whole'}) }}

select
    channel,
    channel_name,
    channel_group,
    is_owned,
    is_social,
    is_paid
from {{ ref('channels') }}
