{{ config(
    schema='intermediate',
    indexes=[{'columns': ['golden_customer_id', 'order_id']}],
    post_hook='analyze {{ this }}',
) }}

with records as (
    select * from {{ affected() }} where not is_internal
),

orders as (
    select
        records.golden_customer_id,
        records.golden_customer_id_first,
        orders.*
    from records
    inner join {{ ref('int_orders') }} as orders on records.source_record_key = orders.source_record_key
    where not orders.is_deleted
),

deliveries as (
    select
        records.golden_customer_id,
        touchpoints.order_id,
        min(touchpoints.occurred_at) as delivered_at
    from records
    inner join {{ ref('int_touchpoints') }} as touchpoints on records.source_record_key = touchpoints.source_record_key
    inner join {{ ref('touchpoint_types') }} as types on touchpoints.touchpoint_type = types.touchpoint_type
    where types.is_delivery and touchpoints.order_id is not null and not touchpoints.is_deleted
    group by 1, 2
),

refund_steps as (
    select
        records.golden_customer_id,
        refunds.order_id,
        refunds.refunded_at,
        sum(refunds.refund_amount) over (
            partition by records.golden_customer_id, refunds.order_id order by refunds.refunded_at, refunds.refund_id
        ) as refunded_so_far
    from records
    inner join {{ ref('int_refunds') }} as refunds on records.source_record_key = refunds.source_record_key
    where not refunds.is_deleted and refunds.order_id is not null
),

refunds as (
    select
        orders.golden_customer_id,
        orders.order_id,
        min(refund_steps.refunded_at) as first_refunded_at,
        min(refund_steps.refunded_at) filter (where refund_steps.refunded_so_far >= orders.total_amount) as fully_refunded_at
    from orders
    inner join refund_steps
        on orders.golden_customer_id = refund_steps.golden_customer_id and orders.order_id = refund_steps.order_id
    group by 1, 2
),

-- the rate in force on the local day of the order
rates as (
    select
        currency_code,
        rate_to_reporting,
        valid_from,
        coalesce(lead(valid_from) over (partition by currency_code order by valid_from), 'infinity'::date) as valid_to
    from {{ ref('currency_rates') }}
),

classified as (
    select
        orders.*,
        deliveries.delivered_at,
        refunds.first_refunded_at,
        refunds.fully_refunded_at,
        rates.rate_to_reporting,
        orders.is_paid and not orders.is_test and orders.cancelled_at is null as is_counted
    from orders
    left join deliveries
        on orders.golden_customer_id = deliveries.golden_customer_id and orders.order_id = deliveries.order_id
    left join refunds
        on orders.golden_customer_id = refunds.golden_customer_id and orders.order_id = refunds.order_id
    left join rates
        on
            orders.currency_code = rates.currency_code
            and {{ local_date('orders.ordered_at') }} >= rates.valid_from
            and {{ local_date('orders.ordered_at') }} < rates.valid_to
)

select
    classified.*,
    case
        when is_counted
            then row_number() over (partition by golden_customer_id, is_counted order by ordered_at, order_id)
    end::integer as customer_order_no,
    -- what ends the purchase cycle of this order; an order nothing more is heard of counts as lost after a while
    coalesce(
        least(delivered_at, cancelled_at, fully_refunded_at),
        ordered_at + interval '{{ var("order_lost_days") }} days'
    ) as cycle_closed_at
from classified
