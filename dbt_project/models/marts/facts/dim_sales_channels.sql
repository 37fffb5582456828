{{ config(meta={'publish': 'whole'}) }}

select
    sales_channel,
    sales_channel_name,
    channel,
    is_social,
    is_owned
from {{ ref('sales_channels') }}
