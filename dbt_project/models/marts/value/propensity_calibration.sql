{{ config(meta={'publish': 'whole'}) }}

select
    target_stage,
    bin,
    horizon_days,
    fitted_as_of_date,
    evaluated_as_of_date,
    n,
    hits,
    round(predicted_mean::numeric, 6)::numeric(7, 6) as predicted_mean,
    round(observed_rate::numeric, 6)::numeric(7, 6) as observed_rate,
    round(rate_low::numeric, 6)::numeric(7, 6) as rate_low,
    round(rate_high::numeric, 6)::numeric(7, 6) as rate_high,
    round(brier::numeric, 6)::numeric(7, 6) as brier,
    round(brier_of_base_rate::numeric, 6)::numeric(7, 6) as brier_of_base_rate
from {{ source('journeys', 'stat_propensity_calibration') }}
