{{ config(
    meta={'publish': 'customer', 'person_level': true},
    indexes=[{'columns': ['golden_customer_id']}, {'columns': ['audience_code', 'entered_date']}],
) }}

-- Periods follow from the customer's own events, those that lie ahead included (an audience "ninety days without an order" is
-- entered ninety days after it): the row is the same on every night until something happens.
with issues as (
    select
        golden_customer_id,
        opened_at as occurred_at,
        1 as step
    from {{ ref('fct_tickets') }}
    union all
    select
        golden_customer_id,
        greatest(solved_at, opened_at),
        -1
    from {{ ref('fct_tickets') }}
    where solved_at is not null
),

open_issues as (
    select
        golden_customer_id,
        occurred_at,
        sum(step) as step,
        sum(sum(step)) over (partition by golden_customer_id order by occurred_at) as open_count
    from issues
    group by 1, 2
),

events as (
    select
        touchpoints.golden_customer_id,
        named.audience_event as event,
        touchpoints.occurred_at,
        null::integer as order_no,
        null::numeric as total_amount
    from {{ ref('fct_touchpoints') }} as touchpoints
    inner join {{ ref('audience_events') }} as named on touchpoints.touchpoint_type = named.touchpoint_type
    where not touchpoints.is_bot and (named.when_intent is null or named.when_intent = touchpoints.intent)
    union all
    select
        golden_customer_id,
        'purchase',
        ordered_at,
        customer_order_no,
        sum(total_reporting_amount) over (partition by golden_customer_id order by customer_order_no)
    from {{ ref('fct_orders') }}
    where is_counted
    union all
    select
        golden_customer_id,
        case when open_count > 0 then 'issue_opened' else 'issues_closed' end,
        occurred_at,
        null,
        null
    from open_issues
    where open_count <= 0 or step > 0
),

-- at one moment a customer leaves before they enter: an order ends the silence after the one before, and begins its own
marks as (
    select
        events.golden_customer_id,
        audiences.audience_code,
        events.occurred_at,
        1 as kind
    from events
    inner join {{ ref('audiences') }} as audiences on events.event = audiences.enter_event
    where
        coalesce(events.order_no >= audiences.min_order_no, audiences.min_order_no is null)
        and coalesce(events.order_no <= audiences.max_order_no, audiences.max_order_no is null)
        and coalesce(events.total_amount >= audiences.min_total_amount, audiences.min_total_amount is null)
    union all
    select
        events.golden_customer_id,
        audiences.audience_code,
        events.occurred_at,
        0
    from events
    inner join {{ ref('audiences') }} as audiences on events.event = any(string_to_array(audiences.leave_events, '|'))
),

-- backwards in time: a frame whose start moves would be added up anew for every row
followed as (
    select
        marks.*,
        min(occurred_at) filter (where kind = 0) over (
            partition by golden_customer_id, audience_code order by occurred_at desc, kind desc
            rows between unbounded preceding and 1 preceding
        ) as next_exit_at
    from marks
),

-- signs that follow each other while the customer is in the audience make one period
separated as (
    select
        followed.golden_customer_id,
        followed.audience_code,
        followed.occurred_at,
        followed.next_exit_at,
        audiences.after_days,
        audiences.stay_days,
        audiences.outcome_event,
        audiences.outcome_days,
        coalesce(
            lag(followed.next_exit_at) over signs is distinct from followed.next_exit_at
            or followed.occurred_at > lag(followed.occurred_at) over signs + audiences.stay_days * interval '1 day', false
        )
        or lag(followed.occurred_at) over signs is null as is_new
    from followed
    inner join {{ ref('audiences') }} as audiences on followed.audience_code = audiences.audience_code
    where followed.kind = 1
    window signs as (partition by followed.golden_customer_id, followed.audience_code order by followed.occurred_at)
),

numbered as (
    select
        separated.*,
        count(*) filter (where is_new) over (
            partition by golden_customer_id, audience_code order by occurred_at rows between unbounded preceding and current row
        ) as period_no
    from separated
),

periods as (
    select
        golden_customer_id,
        audience_code,
        period_no,
        outcome_event,
        count(*)::integer as sign_count,
        min(occurred_at) as first_sign_at,
        min(occurred_at) + max(after_days) * interval '1 day' as entered_at,
        max(next_exit_at) as next_exit_at,
        least(max(next_exit_at), max(occurred_at) + (max(after_days) + max(stay_days)) * interval '1 day') as left_at,
        max(outcome_days) as outcome_days
    from numbered
    group by 1, 2, 3, 4
),

outcomes as (
    select
        periods.golden_customer_id,
        periods.audience_code,
        periods.period_no,
        min(events.occurred_at) as outcome_at
    from periods
    inner join events on periods.golden_customer_id = events.golden_customer_id
    where
        periods.outcome_event = events.event
        and events.occurred_at > periods.entered_at
        and events.occurred_at <= periods.entered_at + periods.outcome_days * interval '1 day'
    group by 1, 2, 3
)

select
    periods.audience_code,
    periods.golden_customer_id,
    periods.entered_at,
    {{ local_date('periods.entered_at') }} as entered_date,
    date_trunc('week', {{ local_date('periods.entered_at') }})::date as entered_week,
    periods.first_sign_at,
    periods.sign_count,
    periods.left_at,
    case when periods.left_at is not null then case when periods.left_at = periods.next_exit_at then 'event' else 'expired' end end as left_by,
    outcomes.outcome_at,
    {{ local_date('periods.entered_at') }} + periods.outcome_days as outcome_due_date
from periods
left join outcomes
    on
        periods.golden_customer_id = outcomes.golden_customer_id
        and periods.audience_code = outcomes.audience_code
        and periods.period_no = outcomes.period_no
where periods.left_at is null or periods.left_at > periods.entered_at
