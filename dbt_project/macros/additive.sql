{#-
  Aggregates whose cost follows what changed. Sums that are additive over disjoint customers (counts, sums, customers per
  cell, histograms) are the published ones, less what the affected customers contributed to them, plus what they contribute now.

      select * from {{ additive(keys=['month', 'channel'], sums=['touchpoints', 'customers'], facts=['fct_touchpoints'],
          contribution=sql) }} as cells

  keys          what a cell is: columns of the mart; null is a value like any other
  sums          integers or numerics, never floats: the order of adding must not matter. They come as numeric: cast them
                outside, and compute rates, from sums, outside too
  facts         marts published by customer that the contribution reads
  contribution  text of a query that groups by the keys; it names its facts as [[fct_touchpoints]] and gives each an alias.
                It may join seeds, but no date of the night and no mart that is published whole

  Cells whose sums are all nought are not there. Everything is added up from scratch where every customer is affected, the mart
  is not published yet or lacks a column, or one of the facts was fitted anew tonight.
-#}
{% macro additive(keys, sums, facts, contribution) -%}
    {%- set new = namespace(sql=contribution) -%}
    {%- set old = namespace(sql=contribution) -%}
    {%- set all = namespace(sql=contribution) -%}
    {%- set from_scratch = not has_published(this.identifier, keys + sums) or is_everyone_affected() -%}
    {%- set ns = namespace(from_scratch=from_scratch) -%}
    {%- for fact in facts -%}
        {%- set built = ref(fact) -%}
        {%- if execute and is_refitted(fact) -%}{%- set ns.from_scratch = true -%}{%- endif -%}
        {%- set name = '[[' ~ fact ~ ']]' -%}
        {%- set columns = built_columns(built) -%}
        {%- set new.sql = new.sql | replace(name, built | string) -%}
        {%- set old.sql = old.sql | replace(name, published_affected(fact, columns)) -%}
        {%- set all.sql = all.sql | replace(name, built | string if columns == [] else whole(fact, columns)) -%}
    {%- endfor -%}
(
    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        {%- for name in sums %}
        sum({{ name }}::numeric) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
    {%- if ns.from_scratch %}
        select {{ (keys + sums) | join(', ') }}
        from ({{ all.sql }}) as everything
    {%- else %}
        select {{ (keys + sums) | join(', ') }}
        from marts.{{ this.identifier }}
        union all
        select {{ keys | join(', ') }}{% for name in sums %}, -{{ name }}{% endfor %}
        from ({{ old.sql }}) as before
        union all
        select {{ (keys + sums) | join(', ') }}
        from ({{ new.sql }}) as now
    {%- endif %}
    ) as parts
    group by {{ keys | join(', ') }}
    having {% for name in sums %}sum({{ name }}::numeric) <> 0{{ ' or ' if not loop.last }}{% endfor %}
)
{%- endmacro %}

{#- This night's rows of a fitted mart's fact; everybody's on nights when statistics are fitted anew. For marts with meta.fitted. -#}
{% macro scope(model, columns) -%}
    {%- if var('refit', false) -%}
{{ whole(model, columns) }}
    {%- else -%}
(select {{ columns | join(', ') }} from {{ ref(model) }})
    {%- endif -%}
{%- endmacro %}

{#- Rows of the affected customers as they are published now. -#}
{% macro published_affected(model, columns) -%}
(select {{ columns | join(', ') if columns else '*' }} from marts.{{ model }} as p
    where exists (select 1 from {{ source('night', 'affected_customers') }} as a where a.golden_customer_id = p.golden_customer_id))
{%- endmacro %}

{#- Whether marts.<model> is there with these columns, and may be read: not in a sandbox, not in a unit test. The runner brings
    the published columns (var published); work by hand asks. -#}
{% macro has_published(model_name, columns) -%}
    {%- if not execute or var('sandbox', none) is not none or model.resource_type == 'unit_test' -%}{{ return(false) }}{%- endif -%}
    {%- set brought = var('published', none) -%}
    {%- if brought is not none -%}
        {%- set known = brought.get(model_name, []) -%}
    {%- else -%}
        {%- set published = adapter.get_relation(database=target.database, schema='marts', identifier=model_name) -%}
        {%- if published is none -%}{{ return(false) }}{%- endif -%}
        {%- set known = adapter.get_columns_in_relation(published) | map(attribute='name') | list -%}
    {%- endif -%}
    {{ return(known | length > 0 and columns | reject('in', known) | list | length == 0) }}
{%- endmacro %}

{#- Names of the columns that a model has tonight: those of its contract, which is enforced. None while nothing is run, and in a
    unit test. -#}
{% macro built_columns(relation) -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}{{ return([]) }}{%- endif -%}
    {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ relation.identifier) -%}
    {%- if node is not none and node.config.contract.enforced and var('sandbox', none) is none -%}{{ return(node.columns.keys() | list) }}{%- endif -%}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list) }}
{%- endmacro %}

{% macro is_everyone_affected() -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}{{ return(true) }}{%- endif -%}
    {%- set brought = var('everyone', none) -%}
    {%- if brought is not none -%}{{ return(brought) }}{%- endif -%}
    {%- set found = run_query('select coalesce(bool_and(everyone), true) from ops.next_publish') -%}
    {{ return(found.columns[0].values()[0]) }}
{%- endmacro %}

{#- Whether a model holds everybody's rows tonight because statistics were fitted anew (meta.fitted). -#}
{% macro is_refitted(model_name) -%}
    {%- if not var('refit', false) -%}{{ return(false) }}{%- endif -%}
    {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ model_name) -%}
    {{ return(node is not none and node.config.meta.get('fitted', false)) }}
{%- endmacro %}
