{#-
  How tables and views are made. dbt's own way builds beside the old relation, renames both and drops one: right where somebody
  reads meanwhile, and five statements with a look at the catalogue each. What this project makes so (marts_next, sandboxes,
  staging views) nobody reads before the layer is done, so a relation is replaced in place, in one transaction: a model that
  fails leaves the old one as it was. At a small brand's night this was most of what a model cost.
-#}
{% materialization table, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {{ drop_what_is_there('table') }}
        {{ get_create_table_as_sql(False, target_relation, sql) }}
    {%- endcall %}
    {#- Published tables have their indexes in marts. The night's tables are read whole, or customer by customer: without the index
        for that, a model that looks a customer's other rows up would read two million rows for each. -#}
    {%- for index in config.get('indexes', default=[]) if config.get('meta', {}).get('publish') is none or index.columns[0] == 'golden_customer_id' -%}
        {%- call statement() -%}{{ get_create_index_sql(target_relation, index) }}{%- endcall -%}
    {%- endfor -%}
    {{ finish_relation(target_relation) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {{ drop_what_is_there('view') }}
        {{ get_create_view_as_sql(target_relation, sql) }}
    {%- endcall %}
    {{ finish_relation(target_relation) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- Views on a dropped table go with it; they are models above it, and made after it. -#}
{% macro drop_what_is_there(kind) -%}
    {%- set existing = load_cached_relation(this) -%}
    drop {{ kind if existing is none else existing.type }} if exists {{ this }} cascade;
{%- endmacro %}

{% macro finish_relation(relation) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- if config.get('grants') -%}
        {%- do apply_grants(relation, config.get('grants'), should_revoke=false) -%}
    {%- endif -%}
    {%- do persist_docs(relation, model) -%}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
{%- endmacro %}

{#-
  Contracts are checked whenever a type can have changed: the runner says so (var check_contracts) when the layer's rules differ
  from those of its last success, and work by hand always checks. The check plans each model twice. Names, and types that
  PostgreSQL would not assign, are refused by the insert itself every night.
-#}
{% macro postgres__get_assert_columns_equivalent(sql) -%}
    {%- if var('check_contracts', true) -%}{{ assert_columns_equivalent(sql) }}{%- endif -%}
{%- endmacro %}
