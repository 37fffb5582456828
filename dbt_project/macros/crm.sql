{#- Identifiers of a cell that holds several values, as a jsonb list; to be added to an identifier_list with ||. -#}
{% macro identifiers_split(type, namespace, expression, separator=';', verified='false') -%}
    coalesce((
        select jsonb_agg(jsonb_build_object('type', '{{ type }}', 'namespace', '{{ namespace }}', 'value', btrim(one), 'verified', {{ verified }}))
        from unnest(string_to_array({{ expression }}, '{{ separator }}')) as one
        where btrim(one) <> ''
    ), '[]'::jsonb)
{%- endmacro %}

{#- Text in ISO spelling as a date, else null: for properties that are free text at the vendor. -#}
{% macro iso_date(expression) -%}
    case when {{ expression }} ~ '^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d)' then left({{ expression }}, 10)::date end
{%- endmacro %}

{#- Channel of a salesperson's activity (call, e-mail, meeting, note, task). -#}
{% macro sales_channel(expression) -%}
    case when lower({{ expression }}) like '%call%' then 'phone' when lower({{ expression }}) like '%mail%' then 'email' else 'sales' end
{%- endmacro %}
