{{ config(materialized='view', meta={'publish': 'view', 'person_level': true}) }}

select
    periods.audience_code,
    periods.golden_customer_id,
    periods.entered_at,
    periods.entered_date,
    audiences.audience_name,
    audiences.why as reason,
    periods.first_sign_at,
    periods.sign_count,
    -- what lies ahead has not happened
    case when {{ local_date('periods.left_at') }} <= audiences.data_end_date then periods.left_at end as left_at,
    case when {{ local_date('periods.left_at') }} <= audiences.data_end_date then periods.left_by end as left_by,
    coalesce({{ local_date('periods.left_at') }} > audiences.data_end_date, true) as is_member,
    audiences.outcome_event,
    audiences.outcome_days,
    periods.outcome_at,
    case
        when periods.outcome_at is not null then true
        when periods.outcome_due_date <= audiences.data_end_date then false
    end as has_outcome
from {{ ref('fct_audience_periods') }} as periods
inner join {{ ref('dim_audiences') }} as audiences on periods.audience_code = audiences.audience_code
where periods.entered_date <= audiences.data_end_date
