select
    -- ids
    id as refund_id,
    order_id as source_order_id,

    -- refund: what really went back; where the transactions are not given, what the lines and adjustments say
    coalesce(processed_at, created_at) as refunded_at,
    coalesce(
        total_refunded_amount,
        (
            select sum((movement.value ->> 'amount')::numeric)
            from jsonb_array_elements(case when jsonb_typeof(transactions) = 'array' then transactions else '[]'::jsonb end) as movement
            where lower(movement.value ->> 'kind') = 'refund' and lower(movement.value ->> 'status') = 'success' and movement.value ->> 'test' is distinct from 'true'
        ),
        (
            select sum(coalesce((line.value ->> 'subtotal')::numeric, 0) + coalesce((line.value ->> 'total_tax')::numeric, 0))
            from jsonb_array_elements(case when jsonb_typeof(refund_line_items) = 'array' then refund_line_items else '[]'::jsonb end) as line
        )
    )::numeric(18, 2) as refund_amount,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('shopify', 'refund') }}
