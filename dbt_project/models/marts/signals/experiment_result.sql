{{ config(meta={'publish': 'whole'}) }}

select
    results.experiment_id,
    results.variant,
    results.metric,
    results.look_no,
    experiments.experiment_title,
    results.look_date,
    experiments.planned_looks,
    results.metric = experiments.metric as is_deciding_metric,
    results.control_customers,
    results.customers,
    round(results.control_value::numeric, 6)::numeric(18, 6) as control_value,
    round(results.value::numeric, 6)::numeric(18, 6) as variant_value,
    round(results.difference::numeric, 6)::numeric(18, 6) as difference,
    round(results.low::numeric, 6)::numeric(18, 6) as difference_low,
    round(results.high::numeric, 6)::numeric(18, 6) as difference_high,
    round(results.relative_lift::numeric, 4)::numeric(12, 4) as relative_lift,
    results.p_value,
    results.significance_level,
    results.is_significant,
    results.ratio_p_value,
    results.excluded_customers,
    results.is_stopped
from {{ source('journeys', 'stat_experiment_results') }} as results
inner join {{ ref('dim_experiment') }} as experiments
    on results.experiment_id = experiments.experiment_id and results.variant = experiments.variant
