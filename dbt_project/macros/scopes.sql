{#-
  Scopes of maps (seeds map_scopes, map_scope_stages, funnels). `scope_options()` is one row per scope with its funnel's options;
  `in_scope(...)` is the condition that an episode of a customer belongs to it.
-#}
{% macro scope_options() -%}
(
    select
        s.*,
        coalesce(f.unit, 'customer') as unit,
        coalesce(f.funnel_window, interval '{{ var("funnel_window_days") }} days') as funnel_window,
        coalesce(f.optimised_reentry, false) as optimised_reentry,
        coalesce(f.is_strict, false) as is_strict,
        string_to_array(coalesce(f.excluded_stage_keys, ''), ' ') as excluded_stage_keys,
        f.hold_constant,
        coalesce(f.optimised_reentry, false) or f.hold_constant is not null as has_choice
    from {{ ref('map_scopes') }} as s
    left join {{ ref('funnels') }} as f on s.scope = f.scope
)
{%- endmacro %}

{#- s: alias of the scope; c: alias of scope_customers(); episode_no: expression of the episode -#}
{% macro in_scope(s, c, episode_no) -%}
    ({{ s }}.episodes = 'all' or ({{ s }}.episodes = 'first') = (({{ episode_no }}) = 1))
    and ({{ s }}.needs_order = 'any' or ({{ s }}.needs_order = 'yes') = coalesce({{ episode_no }} = any({{ c }}.order_episodes), false))
    and ({{ s }}.only_identified is null or ({{ s }}.only_identified = 'yes') = {{ c }}.is_identified)
    and ({{ s }}.only_country is null or {{ s }}.only_country = {{ c }}.country_code)
    and ({{ s }}.only_first_channel is null or {{ s }}.only_first_channel = {{ c }}.first_channel)
    and ({{ s }}.only_persona is null or {{ s }}.only_persona = {{ c }}.persona_code)
    and ({{ s }}.only_from is null or {{ s }}.only_from <= {{ c }}.episode_dates[{{ episode_no }}])
    and ({{ s }}.only_until is null or {{ s }}.only_until >= {{ c }}.episode_dates[{{ episode_no }}])
{%- endmacro %}

{#-
  Customers with all that a scope may ask of them and of their episodes, which are numbered without gaps: this night's, or in the
  contribution of an aggregate (additive) whoever it asks for; scope_facts() are its facts then. They are joined before the scopes,
  whose conditions make Postgres expect a row or two, and whatever is joined after them it loops over.
-#}
{% macro scope_facts() -%}
    {{ return(['dim_customers', 'customer_persona', 'fct_orders', 'fct_journeys']) }}
{%- endmacro %}

{% macro scope_customers(in_contribution=false) -%}
    {%- set facts = {} -%}
    {%- for name in scope_facts() -%}
        {%- do facts.update({name: '[[' ~ name ~ ']]' if in_contribution else ref(name)}) -%}
    {%- endfor -%}
    select
        customers.golden_customer_id,
        customers.is_identified,
        customers.country_code,
        customers.first_channel,
        personas.persona_code,
        orders.order_episodes,
        episodes.episode_dates
    from {{ facts['dim_customers'] }} as customers
    left join {{ facts['customer_persona'] }} as personas on customers.golden_customer_id = personas.golden_customer_id
    left join (
        select
            golden_customer_id,
            array_agg(distinct episode_no) as order_episodes
        from {{ facts['fct_orders'] }} as orders
        where is_counted
        group by 1
    ) as orders on customers.golden_customer_id = orders.golden_customer_id
    left join (
        select
            golden_customer_id,
            array_agg(started_date order by episode_no) as episode_dates
        from {{ facts['fct_journeys'] }} as journeys
        group by 1
    ) as episodes on customers.golden_customer_id = episodes.golden_customer_id
{%- endmacro %}

{#- In the contribution of an aggregate: every episode that is in a scope, with the sorted set of its scopes. -#}
{% macro episode_scopes() -%}
    select
        episodes.golden_customer_id,
        episodes.episode_no,
        coalesce(customers.persona_code, '(unknown)') as persona_code,
        array_agg(options.scope order by options.scope) as scopes
    from [[fct_journeys]] as episodes
    inner join ({{ scope_customers(in_contribution=true) }}) as customers
        on episodes.golden_customer_id = customers.golden_customer_id
    inner join {{ scope_options() }} as options on {{ in_scope('options', 'customers', 'episodes.episode_no') }}
    group by 1, 2, 3
{%- endmacro %}

{#- Scopes with their stages: what in_scope() is asked of. -#}
{% macro scope_stages() -%}
    select
        s.*,
        scope_stages.stage_key
    from {{ scope_options() }} as s
    inner join {{ ref('map_scope_stages') }} as scope_stages
        on s.scope = scope_stages.scope and scope_stages.taxonomy_version = '{{ taxonomy_version() }}'
{%- endmacro %}

{#- Bins of a time: an eighth of a doubling wide, so that a quantile read from them is at most 4.5 % off. -#}
{% macro time_bin(from_at, to_at) -%}
    floor(8 * ln((greatest(extract(epoch from {{ to_at }} - {{ from_at }}), 0) / 60 + 1)::float8) / ln(2::float8))::integer
{%- endmacro %}

{#- The middle of a bin in hours. -#}
{% macro bin_hours(bin) -%}
    ((power(2::numeric, ({{ bin }} + 0.5) / 8) - 1) / 60)
{%- endmacro %}
