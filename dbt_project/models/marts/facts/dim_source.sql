{{ config(meta={'publish': 'whole'}) }}

select
    source_platform,
    source_name,
    source_kind,
    is_owned
from {{ ref('source_platforms') }}
