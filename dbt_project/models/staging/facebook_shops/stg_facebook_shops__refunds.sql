select
    -- ids
    order_id as shops_order_id,
    'facebook_shops:' || order_id || ':' || id as refund_id,

    -- refund; without a time, noon of the day on which it was first seen
    coalesce(created, (first_seen_on + interval '12 hours') at time zone 'UTC') as refunded_at,
    amount as refund_amount,
    upper(currency) as currency_code,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_shops', 'refund') }}
