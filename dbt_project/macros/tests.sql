{#- Restricts a test to the rows this run wrote: `where: "_changed_seq = __build_seq__"`. The number is put in when the test
    runs: a var in a config would keep the value that it had when the project was parsed. -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where | replace('__build_seq__', var('build_seq') | string) }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
