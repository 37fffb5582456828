{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['metric_date', 'source_platform']}],
) }}

select
    metric_key,
    source_platform,
    coalesce(account_id, '') as account_id,
    metric_date,
    period,
    metric_name,
    breakdown,
    metric_value
from {{ ref('int_channel_metrics') }}
where metric_level = 'account' and not is_deleted
