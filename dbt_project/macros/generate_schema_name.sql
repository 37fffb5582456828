{#- Exact schema names: `marts_next`, never `<target>_marts_next`. A person's own sandbox: --vars '{sandbox: anna}'
    puts every model into `sandbox_anna` and leaves the shared schemas alone. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if var('sandbox', none) is not none -%}
        sandbox_{{ var('sandbox') }}
    {%- else -%}
        {{ (custom_schema_name or target.schema) | trim }}
    {%- endif -%}
{%- endmacro %}
