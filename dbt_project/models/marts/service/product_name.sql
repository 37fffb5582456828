{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
select
    lines.product_sku as product_id,
    lines.product_name,
    count(*) as order_lines
from [[fct_order_lines]] as lines
where lines.product_sku is not null and lines.product_name is not null
group by 1, 2
{% endset %}

select
    product_id,
    product_name,
    order_lines::bigint as order_lines
from {{ additive(keys=['product_id', 'product_name'], sums=['order_lines'], facts=['fct_order_lines'], contribution=contribution) }} as cells
