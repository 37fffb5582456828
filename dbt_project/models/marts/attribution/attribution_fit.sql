{{ config(meta={'publish': 'whole'}) }}

select
    conversion_type,
    channel,
    removal_effect,
    markov_share,
    shapley_rate_share,
    shapley_rate_standard_error,
    conversions,
    non_conversions,
    fit_date
from {{ source('journeys', 'stat_attribution_channels') }}
