{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['activity_date', 'product_id']}],
) }}

{% set contribution %}
select
    signals.product_id,
    signals.activity_date,
    sum(signals.views) as views,
    sum(signals.cart_adds) as cart_adds,
    sum(signals.wishlist_adds) as wishlist_adds,
    sum(signals.stock_alerts) as stock_alerts,
    sum(signals.messages) as messages,
    sum(signals.negative_messages) as negative_messages,
    sum(signals.stock_questions) as stock_questions,
    sum(signals.reviews) as reviews,
    sum(signals.stars) as stars,
    sum(signals.order_lines) as order_lines,
    sum(signals.units) as units,
    sum(signals.sales_amount) as sales_amount
from (
    select
        touchpoints.content_id as product_id,
        touchpoints.occurred_date as activity_date,
        (touchpoints.touchpoint_type = 'product_view')::integer as views,
        (touchpoints.touchpoint_type = 'cart_add')::integer as cart_adds,
        (touchpoints.touchpoint_type = 'wishlist_add')::integer as wishlist_adds,
        (touchpoints.touchpoint_type = 'back_in_stock_requested')::integer as stock_alerts,
        0 as messages,
        0 as negative_messages,
        0 as stock_questions,
        0 as reviews,
        0 as stars,
        0 as order_lines,
        0::numeric as units,
        0::numeric as sales_amount
    from [[fct_touchpoints]] as touchpoints
    where
        touchpoints.touchpoint_type in ('product_view', 'cart_add', 'wishlist_add', 'back_in_stock_requested')
        and not touchpoints.is_bot
        and touchpoints.content_id is not null
        -- a tool that does not name the product gives the page
        and touchpoints.content_id not like '/%'
    union all
    select
        lines.product_sku,
        lines.ordered_date,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        1,
        coalesce(lines.quantity, 0),
        coalesce(lines.line_reporting_amount, 0)
    from [[fct_order_lines]] as lines
    where lines.is_counted and lines.product_sku is not null
    union all
    select
        coalesce(messages.product_reference, '(not named)'),
        messages.occurred_date,
        0,
        0,
        0,
        0,
        1,
        coalesce(messages.sentiment_class = 'negative', false)::integer,
        coalesce(messages.topic = '{{ var("stock_topic") }}', false)::integer,
        (messages.star_rating is not null)::integer,
        coalesce(messages.star_rating, 0),
        0,
        0,
        0
    from [[fct_messages]] as messages
    where not messages.is_bot and (messages.product_reference is not null or messages.topic = '{{ var("stock_topic") }}')
) as signals
group by 1, 2
{% endset %}

{%- set counts = [
    'views', 'cart_adds', 'wishlist_adds', 'stock_alerts', 'messages', 'negative_messages', 'stock_questions', 'reviews', 'stars', 'order_lines',
] %}

select
    product_id,
    activity_date,
    {%- for name in counts %}
    {{ name }}::bigint as {{ name }},
    {%- endfor %}
    units::numeric(18, 4) as units,
    sales_amount::numeric(18, 2) as sales_amount,
    round(sales_amount / nullif(units, 0), 2)::numeric(18, 2) as average_price_amount,
    -- no export gives the stock of a day: what customers did is the only witness, and of two that differ neither is believed
    case
        when stock_alerts > 0 and units <= 0 then false
        when stock_alerts = 0 and units > 0 then true
    end as is_in_stock
from {{ additive(
    keys=['product_id', 'activity_date'],
    sums=counts + ['units', 'sales_amount'],
    facts=['fct_touchpoints', 'fct_order_lines', 'fct_messages'],
    contribution=contribution,
) }} as cells
