{#-
  Aggregates that platforms report of themselves (reach, views, followers …): staging models in standard columns, listed in the
  var `metrics`. They never name a person.
-#}
{% macro metric_types() -%}
    {{ return({
        'metric_level': 'text', 'account_id': 'text', 'content_id': 'text', 'metric_name': 'text', 'period': 'text',
        'metric_date': 'date', 'breakdown': 'text', 'metric_value': 'numeric', 'is_deleted': 'boolean', '_changed_seq': 'bigint',
    }) }}
{%- endmacro %}

{#- Changed rows of all metric models. Figures without a name, a day or a value say nothing. -#}
{% macro changed_metrics(into) -%}
    {%- set types = metric_types() -%}
    {%- set has = staged_columns('metrics', types) -%}
    {%- for model, about in listed('metrics').items() %}
    select
        '{{ about.platform }}'::text as source_platform,
        '{{ about.object }}'::text as source_object,
        {{ staged_list(types.keys() | reject('equalto', '_changed_seq') | list, has[model], types, 'staged') }}
    from {{ ref(model) }} as staged
    where {{ changed_since(about.platform, about.object, into=into, column='staged._changed_seq') }}
    union all
    {%- endfor %}
    select
        null::text as source_platform,
        null::text as source_object,
        {{ staged_list(types.keys() | reject('equalto', '_changed_seq') | list, [], types, 'staged') }}
    where false
{%- endmacro %}
