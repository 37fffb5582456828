{#- The two surrogate keys of the boundaries (docs/architecture.md). Arguments are SQL expressions of type text. -#}
{% macro source_record_key(source_platform, record_kind, source_record_id) -%}
    md5({{ source_platform }} || '|' || {{ record_kind }} || '|' || {{ source_record_id }})::uuid
{%- endmacro %}

{% macro touchpoint_key(source_platform, touchpoint_type, source_event_id) -%}
    md5({{ source_platform }} || '|' || {{ touchpoint_type }} || '|' || {{ source_event_id }})::uuid
{%- endmacro %}

{#- An order as other platforms quote it: `#1001`, `1001`, or the shop's long internal id. Marts look both spellings up. -#}
{% macro order_reference(expression) -%}
    case
        when {{ expression }} ~ '^\d{9,}$' then 'shopify:id:' || {{ expression }}
        when {{ expression }} is not null then 'shopify:' || upper(ltrim({{ expression }}, '#'))
    end
{%- endmacro %}

{#- A stored table of an earlier run, read without a dependency (it is built after the model that asks). -#}
{% macro stored(table) -%}
    {{ api.Relation.create(database=target.database, schema=generate_schema_name('intermediate', none), identifier=table) }}
{%- endmacro %}

{#- Intent of a text by the keywords of seeds/intent_keywords.csv: the first list, by priority, in which a keyword occurs.
    Needs the CTE `intents` of intent_patterns(). -#}
{% macro intent_of(expression) -%}
    (
        select intents.intent from intents
        where {{ expression }} is not null and lower({{ expression }}) ~ intents.pattern
        order by intents.priority
        limit 1
    )
{%- endmacro %}

{% macro intent_patterns() -%}
    select
        intent,
        min(priority) as priority,
        '\m(' || string_agg(keyword, '|' order by keyword) || ')\M' as pattern
    from {{ ref('intent_keywords') }}
    group by intent
{%- endmacro %}
