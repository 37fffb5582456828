{#- What the parts of int_messages have in common. Arguments are SQL expressions. -#}

{#- Hashtags of a text, lower case, each once, in order, with a blank between; null when there is none. `&#39;` and `#1001` are none. -#}
{% macro hashtags_of(expression) -%}
    case
        when {{ expression }} like '%#%' then (
            select string_agg(distinct lower(found.parts[1]), ' ' order by lower(found.parts[1]))
            from regexp_matches({{ expression }}, '(?:^|[^&[:alnum:]_])#([[:alpha:]_][[:alnum:]_]{1,99})', 'g') as found (parts)
        )
    end
{%- endmacro %}

{#- All columns of int_messages after the key, in order. -#}
{% macro message_columns() -%}
    {{ return([
        'source_platform', 'source_object', 'source_event_id', 'source_record_key', 'written_at', 'is_from_brand', 'message_text',
        'message_title', 'hashtags', 'thread_id', 'parent_event_id', 'content_id', 'author_followers', 'reach', 'star_rating',
        'is_verified_buyer', 'product_reference', 'answered_at', 'is_deleted',
    ]) }}
{%- endmacro %}
