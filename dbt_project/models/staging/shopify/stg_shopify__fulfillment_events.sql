select
    -- ids
    id as fulfillment_event_id,
    order_id as source_order_id,

    -- event
    lower(status) as status,
    happened_at,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('shopify', 'fulfillment_event') }}
