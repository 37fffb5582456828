{{ config(materialized='view', meta={'publish': 'view'}) }}

select
    cells.month_start_date,
    cells.persona_code,
    cells.customers < 10 as is_suppressed,
    case when cells.customers >= 10 then cells.customers end::bigint as customers,
    case when cells.customers >= 10 then round(cells.channels::numeric / cells.customers, 4) end::numeric(9, 4) as channels_per_customer,
    case when cells.customers >= 10 then round(cells.entropy / cells.customers, 6) end::numeric(9, 6) as mean_entropy,
    case
        when cells.customers >= 10 then round(cells.cross_channel_customers::numeric / cells.customers, 6)
    end::numeric(9, 6) as cross_channel_share
from {{ ref('channel_mix_cell') }} as cells
