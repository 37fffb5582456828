{{ config(
    meta={'publish': 'customer', 'fitted': true, 'person_level': true},
    indexes=[{'columns': ['target_stage', 'probability']}],
) }}

select
    golden_customer_id,
    target_stage,
    as_of_date,
    horizon_days,
    round(probability::numeric, 6)::numeric(7, 6) as probability,
    round(base_rate::numeric, 6)::numeric(7, 6) as base_rate,
    round((probability / nullif(base_rate, 0))::numeric, 4)::numeric(12, 4) as lift
from {{ source('journeys', 'stat_propensity') }}
