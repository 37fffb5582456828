{#- True when one of the checkboxes of a lead form whose keys a var lists was ticked. Which box means what is the brand's: without
    the list no consent is read out of a form. -#}
{% macro lead_consent(responses, keys) -%}
    {%- set listed = var(keys) if var(keys) is sequence and var(keys) is not string else [] -%}
    {%- if listed | length == 0 -%}
    false
    {%- else -%}
    jsonb_path_exists(
        case when jsonb_typeof({{ responses }}) = 'array' then {{ responses }} end,
        '$[*] ? (@.is_checked == "1" && ({% for key in listed %}@.checkbox_key == "{{ key }}"{% if not loop.last %} || {% endif %}{% endfor %}))'
    )
    {%- endif -%}
{%- endmacro %}
