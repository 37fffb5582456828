{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['week_start']}]) }}

-- both names under which a product is known are one product here
select
    products.product_key,
    date_trunc('week', days.activity_date)::date as week_start,
    min(products.product_name) as product_name,
    sum(days.views)::bigint as views,
    sum(days.cart_adds)::bigint as cart_adds,
    sum(days.stock_alerts)::bigint as stock_alerts,
    coalesce(sum(days.views + days.cart_adds) filter (where not days.is_in_stock), 0)::bigint as clicks_out_of_stock,
    sum(days.messages)::bigint as messages,
    sum(days.negative_messages)::bigint as negative_messages,
    sum(days.stock_questions)::bigint as stock_questions,
    sum(days.units)::numeric(18, 4) as units,
    sum(days.sales_amount)::numeric(18, 2) as sales_amount
from {{ ref('fct_product_day') }} as days
inner join {{ ref('dim_products') }} as products on days.product_id = products.product_id
group by 1, 2
