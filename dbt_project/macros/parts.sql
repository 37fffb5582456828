{#- A list of dbt_project.yml as a mapping; empty where it is empty (or where no dbt runs: the linter). -#}
{% macro listed(name) -%}
    {{ return(var(name) if var(name) is mapping else {}) }}
{%- endmacro %}

{#- The parts of a union: one hand-written model per platform (var platform_parts), and the part of all platforms that are
    described by sightings. A new platform is a line in dbt_project.yml, never an edit of the union. -#}
{% macro parts_of(union) -%}
    {%- set parts = [] -%}
    {%- for platform, models in listed('platform_parts').items() if union in models -%}
        {%- do parts.append(ref(union ~ '__' ~ platform)) -%}
    {%- endfor -%}
    {%- if union in ['int_records_touched', 'int_person_records', 'int_identifiers', 'int_touchpoints', 'int_messages'] -%}
        {%- do parts.append(ref(union ~ '__sightings')) -%}
    {%- endif -%}
    {{ return(parts) }}
{%- endmacro %}

{#- Whether changed rows can be looked up as an earlier run stored them: not on a night that reads everything. -#}
{% macro stores_earlier(table) -%}
    {{ return(not reads_everything('int_identifiers') and journeyline_exists('intermediate', table)) }}
{%- endmacro %}
