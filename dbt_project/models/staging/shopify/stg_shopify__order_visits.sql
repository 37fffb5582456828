-- the first and the last visit before an order, which stand inside the order
select
    -- ids
    regexp_replace(visit.body ->> 'id', '^.*/', '') as visit_id,
    orders.id as source_order_id,

    -- visit
    coalesce(visit.body ->> 'occurred_at', visit.body ->> 'occurredAt')::timestamptz as occurred_at,
    substring(coalesce(visit.body ->> 'landing_page', visit.body ->> 'landingPage') from '^(?:https?://[^/?#]+)?(/[^?#]*)') as page_path,
    coalesce(visit.body ->> 'landing_page', visit.body ->> 'landingPage') ~* '[?&](gclid|dclid|gbraid|wbraid|fbclid|msclkid|ttclid|twclid)=' as has_click_id,
    lower(coalesce(visit.utm ->> 'source', visit.body ->> 'source', '')) as campaign_source,
    lower(coalesce(visit.utm ->> 'medium', '')) as campaign_medium,
    visit.utm ->> 'campaign' as campaign_name,
    coalesce(substring(coalesce(visit.body ->> 'referrer_url', visit.body ->> 'referrerUrl') from '^https?://([^/?#:]+)'), '') as referrer_host,

    -- metadata
    orders._is_deleted as is_deleted,
    orders._changed_seq
from {{ source('shopify', 'order') }} as orders
cross join lateral (
    select
        moment.body,
        coalesce(moment.body -> 'utm_parameters', moment.body -> 'utmParameters') as utm
    from (
        values
        (coalesce(orders.customer_journey -> 'first_visit', orders.customer_journey -> 'firstVisit')),
        (coalesce(orders.customer_journey -> 'last_visit', orders.customer_journey -> 'lastVisit'))
    ) as moment (body)
) as visit
where orders.customer_journey is not null and visit.body ->> 'id' is not null
