select
    -- ids
    id as visit_id,
    order_id as source_order_id,

    -- visit
    occurred_at,
    substring(landing_page from '^(?:https?://[^/?#]+)?(/[^?#]*)') as page_path,
    landing_page ~* '[?&](gclid|dclid|gbraid|wbraid|fbclid|msclkid|ttclid|twclid)=' as has_click_id,
    lower(coalesce({{ clean_text('utm_parameters_source') }}, {{ clean_text('source') }}, '')) as campaign_source,
    lower(coalesce({{ clean_text('utm_parameters_medium') }}, '')) as campaign_medium,
    {{ clean_text('utm_parameters_campaign') }} as campaign_name,
    coalesce(substring(referrer_url from '^https?://([^/?#:]+)'), '') as referrer_host,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('shopify', 'customer_journey') }}
