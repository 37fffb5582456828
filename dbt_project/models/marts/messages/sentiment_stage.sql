{{ config(materialized='view', meta={'publish': 'view'}) }}

with cells as (
    select
        cells.*,
        cells.scored_customers < 10 as is_suppressed,
        cells.mean_sum / nullif(cells.scored_customers, 0) as mean_of_means,
        -- standard error of the mean of the customers' means
        sqrt(greatest(
            cells.mean_square_sum - cells.mean_sum * cells.mean_sum / nullif(cells.scored_customers, 0), 0
        ) / nullif(cells.scored_customers - 1, 0) / nullif(cells.scored_customers, 0)) as standard_error
    from {{ ref('sentiment_cell') }} as cells
)

select
    stage_code,
    channel,
    persona_code,
    period,
    case when period <> '(all)' then period::date end as week_start,
    customers,
    messages,
    scored_messages,
    round(scored_messages::numeric / nullif(messages, 0), 4)::numeric(5, 4) as coverage_rate,
    is_suppressed,
    case when not is_suppressed then round(mean_of_means, 4) end::numeric(5, 4) as mean_sentiment,
    case when not is_suppressed then round(greatest(mean_of_means - 1.96 * standard_error, -1), 4) end::numeric(5, 4) as sentiment_low,
    case when not is_suppressed then round(least(mean_of_means + 1.96 * standard_error, 1), 4) end::numeric(5, 4) as sentiment_high,
    case when not is_suppressed then round(5.5 + 4.5 * mean_of_means, 2) end::numeric(4, 2) as emotion
from cells
