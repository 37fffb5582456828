{#- The first of some GA4 columns that says something: these words are written where nothing is known. -#}
{% macro ga4_value(expressions) -%}
    coalesce(
        {%- for one in expressions %}
        case when btrim({{ one }}) not in ('', '(not set)', '(direct)', '(none)', '(other)', '(data deleted)', '<Other>') then btrim({{ one }}) end
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    )
{%- endmacro %}

{#- First value of a self-describing JSON entity: `{schema, data: [{schema: iglu:<vendor>/<name>/…, data: {…}}]}`. -#}
{% macro snowplow_context(contexts, schema, path) -%}
    case
        when {{ contexts }} is not null
            then jsonb_path_query_first({{ contexts }}, '$.data[*] ? (@.schema starts with "iglu:{{ schema }}/").data.{{ path }}') #>> '{}'
    end
{%- endmacro %}

{#- An amount written as text, or null. -#}
{% macro amount(expression) -%}
    case when {{ expression }} ~ '^-?\d{1,12}(\.\d+)?$' then {{ expression }}::numeric(18, 2) end
{%- endmacro %}

{#- A name of a web event as seeds/web_events.csv spells it: lower case, words joined by blanks. -#}
{% macro event_words(expression) -%}
    btrim(lower(regexp_replace({{ expression }}, '[^a-zA-Z0-9]+', ' ', 'g')))
{%- endmacro %}
