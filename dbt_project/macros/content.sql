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

{#-
  The content type of every kind of inbound touchpoint that occurs in a fact (columns touchpoint_type, content_key, channel_key,
  content_type): patterns are tried once per distinct touchpoint type, content and channel, not once per touchpoint. Join it by
  all three; content_key and channel_key are blank where the fact has none.
-#}
{% macro content_kinds(fact) -%}
(
    select
        kinds.touchpoint_type,
        coalesce(kinds.content_id, '') as content_key,
        coalesce(kinds.channel, '') as channel_key,
        {{ content_type_of('kinds') }} as content_type
    from (
        select distinct
            seen.touchpoint_type,
            seen.content_id,
            seen.channel
        from {{ fact }} as seen
        where seen.direction = 'inbound' and not seen.is_bot
    ) as kinds
    -- a fence: else the planner tries the patterns again for every row that this is joined with
    offset 0
)
{%- endmacro %}
