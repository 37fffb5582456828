select
    -- ids
    upper(invoice_no) as invoice_no,
    line_number as line_no,
    {{ clean_text('customer_id') }} as customer_id,
    upper(invoice_no) like 'C%' as is_cancellation,

    -- line
    {{ clean_text('stock_code') }} as product_sku,
    {{ clean_text('description') }} as product_name,
    quantity,
    unit_price,
    invoice_date as invoiced_at,
    {{ clean_text('country') }} as country,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('point_of_sale', 'invoice_line') }}
