select
    -- ids
    order_id as shops_order_id,
    id as cancellation_id,

    -- without a time, noon of the day on which it was first seen
    coalesce(created, (first_seen_on + interval '12 hours') at time zone 'UTC') as cancelled_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('facebook_shops', 'cancellation') }}
