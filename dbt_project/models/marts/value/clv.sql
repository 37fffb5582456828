{{ config(
    meta={'publish': 'customer', 'fitted': true, 'person_level': true},
    indexes=[{'columns': ['clv_decile']}],
) }}

select
    golden_customer_id,
    as_of_date,
    first_order_date,
    repeat_count,
    -- the model says 1 for everybody with one purchase: no knowledge, so no probability
    case when repeat_count = 0 then 'one_purchase' else 'repeat' end as purchase_status,
    round(recency_weeks::numeric, 4)::numeric(9, 4) as recency_weeks,
    round(age_weeks::numeric, 4)::numeric(9, 4) as age_weeks,
    round((7 * recency_weeks)::numeric / nullif(repeat_count, 0), 2)::numeric(9, 2) as mean_days_between_orders,
    round(mean_repeat_amount::numeric, 2)::numeric(18, 2) as mean_repeat_reporting_amount,
    round(p_alive::numeric, 6)::numeric(7, 6) as p_alive,
    round(expected_orders_90::numeric, 6)::numeric(14, 6) as expected_orders_90,
    round(expected_orders_180::numeric, 6)::numeric(14, 6) as expected_orders_180,
    round(expected_orders_365::numeric, 6)::numeric(14, 6) as expected_orders_365,
    round(expected_order_amount::numeric, 2)::numeric(18, 2) as expected_order_reporting_amount,
    round(clv_amount::numeric, 2)::numeric(18, 2) as clv_reporting_amount,
    clv_decile
from {{ source('journeys', 'stat_clv') }}
