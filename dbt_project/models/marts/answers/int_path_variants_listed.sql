{#- A table of its own, so that PostgreSQL knows how few these are when path_variant joins everybody's paths to them. -#}
{{ config(schema='intermediate', post_hook='analyze {{ this }}') }}

-- by paths, not by distinct customers: counting those for the long tail would cost more than it tells
with counted as materialized (
    select
        scope,
        variant,
        count(*) as paths
    from {{ whole('fct_paths', ['scope', 'variant']) }} as p
    group by 1, 2
),

-- places by number alone first: comparing the variants of the long tail, of which there are as many as paths, takes longer than all else
fewest as materialized (
    select
        scopes.scope,
        scopes.variants,
        (
            select min(top.paths)
            from (
                select counted.paths
                from counted
                where counted.scope = scopes.scope
                order by counted.paths desc
                limit {{ var('path_variants') }}
            ) as top
        ) as paths
    from (
        select
            scope,
            count(*) as variants
        from counted
        group by 1
    ) as scopes
),

ranked as (
    select
        counted.scope,
        counted.variant,
        fewest.variants,
        row_number() over (partition by counted.scope order by counted.paths desc, counted.variant) as variant_no
    from counted
    inner join fewest on counted.scope = fewest.scope and counted.paths >= fewest.paths
)

select
    scope,
    variant_no::integer as variant_no,
    variant,
    variants
from ranked
where variant_no <= {{ var('path_variants') }}
