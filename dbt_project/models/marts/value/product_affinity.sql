{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
with bought as (
    select distinct
        l.golden_customer_id,
        l.product_sku,
        o.customer_order_no
    from [[fct_order_lines]] as l
    inner join [[fct_orders]] as o on l.order_id = o.order_id
    where l.is_counted and l.product_sku is not null
),

firsts as (
    select
        golden_customer_id,
        product_sku,
        min(customer_order_no) as customer_order_no
    from bought
    group by 1, 2
),

nexts as (
    select
        firsts.golden_customer_id,
        firsts.product_sku,
        bought.product_sku as next_product_sku
    from firsts
    inner join bought on firsts.golden_customer_id = bought.golden_customer_id
    where bought.customer_order_no = firsts.customer_order_no + 1
)

select product_sku, next_product_sku, count(*) as customers from nexts group by 1, 2
union all
select product_sku, '(buyers)', count(*) from firsts group by 1
union all
select product_sku, '(again)', count(distinct golden_customer_id) from nexts group by 1
union all
-- what anybody who orders again takes next, whatever they had
select '(any)', next_product_sku, count(distinct golden_customer_id) from nexts group by 2
union all
select '(any)', '(again)', count(distinct golden_customer_id) from nexts
{% endset %}

select
    product_sku,
    next_product_sku,
    customers::bigint as customers,
    (max(customers) filter (where next_product_sku = '(again)') over (partition by product_sku))::bigint as customers_again,
    round(
        customers / nullif(max(customers) filter (where next_product_sku = '(again)') over (partition by product_sku), 0), 6
    )::numeric(12, 6) as share_of_again,
    round(
        customers / nullif(max(customers) filter (where next_product_sku = '(again)') over (partition by product_sku), 0)
        / nullif(
            max(customers) filter (where product_sku = '(any)') over (partition by next_product_sku)
            / nullif(max(customers) filter (where product_sku = '(any)' and next_product_sku = '(again)') over (), 0), 0
        ), 4
    )::numeric(12, 4) as lift
from {{ additive(
    keys=['product_sku', 'next_product_sku'],
    sums=['customers'],
    facts=['fct_order_lines', 'fct_orders'],
    contribution=contribution,
) }} as cells
