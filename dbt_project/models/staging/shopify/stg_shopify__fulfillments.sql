select
    -- ids
    id as fulfillment_id,
    order_id as source_order_id,

    -- parcel: success means that it was handed over to the carrier
    lower(status) = 'success' as is_dispatched,
    created_at as dispatched_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('shopify', 'fulfillment') }}
