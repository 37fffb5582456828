{#- Trimmed text; NULL when nothing is left. -#}
{% macro clean_text(expression) -%}
    nullif(btrim({{ expression }}), '')
{%- endmacro %}

{#- Phone, postcode and id cells of spreadsheets: the leading apostrophe goes, then as clean_text. -#}
{% macro clean_cell(expression) -%}
    nullif(btrim(regexp_replace({{ expression }}, '^[\s'']+', '')), '')
{%- endmacro %}

{#- First line of an address without its blank parts. -#}
{% macro join_text(parts, separator=' ') -%}
    nullif(concat_ws('{{ separator }}', {{ parts | join(', ') }}), '')
{%- endmacro %}
