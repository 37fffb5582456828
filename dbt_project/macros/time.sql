{#- The first instant after the night's export date, in the reporting zone: the end of the data. -#}
{% macro data_end() -%}
    (('{{ var('export_date') }}'::date + 1)::timestamp at time zone '{{ var('reporting_timezone') }}')
{%- endmacro %}

{% macro local_date(expression) -%}
    ({{ expression }} at time zone '{{ var('reporting_timezone') }}')::date
{%- endmacro %}
