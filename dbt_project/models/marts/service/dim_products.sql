{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['product_key']}]) }}

-- what the shop says of its products today; of several variants of a product the first by position speaks for it
with catalogue as (
    select
        variants.shop_product_id,
        variants.product_sku,
        coalesce(products.product_title, variants.variant_name) as product_title,
        products.product_type,
        variants.price_amount,
        variants.stock_quantity,
        variants.is_sold_without_stock,
        variants.updated_at,
        row_number() over (partition by variants.shop_product_id order by variants.position nulls last, variants.variant_id) as variant_no,
        row_number() over (partition by variants.product_sku order by variants.updated_at desc nulls last, variants.variant_id) as sku_no
    from {{ ref('stg_shopify__product_variants') }} as variants
    left join {{ ref('stg_shopify__products') }} as products on variants.shop_product_id = products.shop_product_id and not products.is_deleted
    where not variants.is_deleted
),

-- by either name
entries as (
    select
        product_sku as product_id,
        catalogue.*
    from catalogue
    where product_sku is not null and sku_no = 1
    union all
    select
        shop_product_id,
        catalogue.*
    from catalogue
    where variant_no = 1 and shop_product_id is not null
),

seen as (
    select
        product_id,
        min(activity_date) as first_seen_date,
        max(activity_date) as last_seen_date,
        sum(units) as units
    from {{ ref('fct_product_day') }}
    group by 1
),

names as (
    select distinct on (product_id)
        product_id,
        product_name
    from {{ ref('product_name') }}
    order by product_id, order_lines desc, product_name
),

products as (
    select product_id from seen
    union
    select product_id from entries
)

select
    products.product_id,
    coalesce(entries.product_sku, products.product_id) as product_key,
    coalesce(entries.product_title, names.product_name, products.product_id) as product_name,
    entries.product_type,
    entries.product_id is not null as is_in_catalogue,
    entries.price_amount as list_price_amount,
    entries.stock_quantity,
    case when entries.stock_quantity is not null then entries.stock_quantity > 0 or coalesce(entries.is_sold_without_stock, false) end as is_in_stock_now,
    entries.updated_at as catalogue_updated_at,
    seen.first_seen_date,
    seen.last_seen_date,
    coalesce(seen.units, 0)::numeric(18, 4) as units_sold
from products
left join entries on products.product_id = entries.product_id
left join names on products.product_id = names.product_id
left join seen on products.product_id = seen.product_id
