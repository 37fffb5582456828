{#-
  content_rules as one CASE over a touchpoint: first match by priority wins, blank conditions always hold, no rule: other.
  Needs columns touchpoint_type, content_id and channel of the alias. Rules are read when the model is compiled: a seed of a few
  dozen rows must not be joined by pattern with twenty million touchpoints.
-#}
{% macro content_type_of(alias) -%}
    {%- set seed = ref('content_rules') -%}
    {%- set rules = [] -%}
    {%- if execute and model.resource_type != 'unit_test' -%}
        {%- set found = run_query(
            'select touchpoint_type, content_pattern, channel_pattern, content_type from ' ~ seed
            ~ ' order by priority, touchpoint_type, content_pattern, channel_pattern'
        ) -%}
        {%- set rules = found.rows -%}
    {%- endif -%}
case
        {%- for rule in rules %}
        when {% if rule[0] %}{{ alias }}.touchpoint_type = {{ dbt.string_literal(dbt.escape_single_quotes(rule[0])) }}{% else %}true{% endif %}
        {%- if rule[1] %} and {{ alias }}.content_id ~* {{ dbt.string_literal(dbt.escape_single_quotes(rule[1])) }}{% endif %}
        {%- if rule[2] %} and {{ alias }}.channel ~* {{ dbt.string_literal(dbt.escape_single_quotes(rule[2])) }}{% endif %}
            then {{ dbt.string_literal(dbt.escape_single_quotes(rule[3])) }}
        {%- endfor %}
        {%- if not rules %}
        when false then 'other'
        {%- endif %}
        else 'other'
    end
{%- endmacro %}
