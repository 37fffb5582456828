{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['golden_customer_id', 'refunded_at']}, {'columns': ['order_id']}, {'columns': ['refunded_date']}],
) }}

with records as (
    select * from {{ affected() }} where not is_internal
),

rates as (
    select
        currency_code,
        rate_to_reporting,
        valid_from,
        coalesce(lead(valid_from) over (partition by currency_code order by valid_from), 'infinity'::date) as valid_to
    from {{ ref('currency_rates') }}
)

select
    refunds.refund_id,
    records.golden_customer_id,
    records.source_record_key,
    refunds.source_platform,
    -- only an order of the same customer: a till receipt names an invoice that may not exist
    orders.order_id,
    refunds.refunded_at,
    {{ local_date('refunds.refunded_at') }} as refunded_date,
    refunds.compensation_type,
    refunds.is_correction,
    refunds.refund_amount,
    refunds.currency_code,
    -- a refund is restated at the rate of its order's day, so that order and refund cancel out
    round(refunds.refund_amount * coalesce(orders.rate_to_reporting, rates.rate_to_reporting), 2)::numeric(18, 2) as refund_reporting_amount
from records
inner join {{ ref('int_refunds') }} as refunds on records.source_record_key = refunds.source_record_key
left join {{ ref('int_orders_numbered') }} as orders
    on records.golden_customer_id = orders.golden_customer_id and refunds.order_id = orders.order_id
left join rates
    on
        refunds.currency_code = rates.currency_code
        and {{ local_date('refunds.refunded_at') }} >= rates.valid_from
        and {{ local_date('refunds.refunded_at') }} < rates.valid_to
where not refunds.is_deleted
