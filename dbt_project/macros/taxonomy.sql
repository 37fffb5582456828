{#-
  The framework of stages in force: the one row of seeds/taxonomies.csv that says so, read when a model starts. In a unit test, and
  while nothing is run: var taxonomy_version.
-#}
{% macro taxonomy_version() -%}
    {%- if model is defined and model.resource_type == 'unit_test' -%}{{ return(var('taxonomy_version')) }}{%- endif -%}
    {%- set seed = ref('taxonomies') -%}
    {%- if not execute -%}{{ return(var('taxonomy_version')) }}{%- endif -%}
    {%- set found = run_query('select taxonomy_version from ' ~ seed ~ ' where is_in_force order by 1').columns[0].values() -%}
    {%- if found | length != 1 -%}
        {{ exceptions.raise_compiler_error(
            'seeds/taxonomies.csv puts ' ~ (found | join(' and ') or 'no version') ~ ' in force: write is_in_force = true in one row, false in the others.'
        ) }}
    {%- endif -%}
    {{ return(found[0]) }}
{%- endmacro %}

{#- Condition that a stage is none of service (stages.is_service); no stage is none either. -#}
{% macro is_no_service(stage_key) -%}
({{ stage_key }} is null or {{ stage_key }} not in (
        select stage_key from {{ ref('stages') }} where taxonomy_version = '{{ taxonomy_version() }}' and is_service
    ))
{%- endmacro %}

{#-
  Platforms that rules of the framework in force name (when_platform), as (touchpoint_type, source_platform); and whether one of them
  asks for sentiment. Models pay for these conditions only where a brand uses them.
-#}
{% macro rule_platforms() -%}
    {%- if model is defined and model.resource_type == 'unit_test' -%}{{ return(var('rule_platforms', [])) }}{%- endif -%}
    {%- set rules = ref('stage_rules') -%}
    {%- set version = taxonomy_version() -%}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        "select distinct touchpoint_type, when_platform from " ~ rules ~ " where when_platform is not null and taxonomy_version = '"
        ~ version ~ "' order by 1, 2"
    ) -%}
    {{ return(found.rows | map('list') | list) }}
{%- endmacro %}

{% macro rules_ask_for_sentiment() -%}
    {%- if model is defined and model.resource_type == 'unit_test' -%}{{ return(var('rules_ask_for_sentiment', false)) }}{%- endif -%}
    {%- set rules = ref('stage_rules') -%}
    {#- named here, so that dbt knows of it whatever the rules say -#}
    {%- set scores = source('messages', 'int_message_scores') -%}
    {%- set version = taxonomy_version() -%}
    {%- if not execute -%}{{ return(false) }}{%- endif -%}
    {%- set found = run_query(
        "select count(*) > 0 from " ~ rules ~ " where when_sentiment is not null and taxonomy_version = '" ~ version ~ "'"
    ) -%}
    {{ return(found.columns[0].values()[0]) }}
{%- endmacro %}

{#- The platform of a touchpoint, where a rule of its type names it; (any) elsewhere. t: alias of the touchpoint. -#}
{% macro rule_platform(t, pairs) -%}
case
                when {{ t }}.source_platform is null then '(any)'
                {%- for pair in pairs %}
                when {{ t }}.touchpoint_type = '{{ pair[0] }}' and {{ t }}.source_platform = '{{ pair[1] }}' then '{{ pair[1] }}'
                {%- endfor %}
                else '(any)'
            end
{%- endmacro %}

{#- What words sound like, where rules ask for it; else an empty relation. -#}
{% macro rule_sentiments(is_asked) -%}
    {%- if is_asked -%}
{{ source('messages', 'int_message_scores') }}
    {%- else -%}
(select null::uuid as touchpoint_id, null::text as sentiment_class where false)
    {%- endif -%}
{%- endmacro %}
