-- Steps never gain customers, and closed and open customers make up all.
with steps as (
    select
        scope,
        persona_code,
        channel,
        cohort,
        step_no,
        customers,
        closed_customers,
        open_customers,
        lag(customers) over by_step as earlier_customers,
        lag(closed_customers) over by_step as earlier_closed
    from {{ ref('stage_funnel') }}
    window by_step as (partition by scope, persona_code, channel, cohort order by step_no)
)

select
    scope,
    persona_code,
    channel,
    cohort,
    step_no
from steps
where customers > earlier_customers or closed_customers > earlier_closed or closed_customers + open_customers <> customers
