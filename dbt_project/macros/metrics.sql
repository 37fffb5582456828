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

{#-
  Changed rows of all metric models. Figures without a name, a day or a value say nothing.

  A model listed with `summed: true` gives parts of figures (a report broken down by more than anybody asks for). They are added up
  here, all parts of the accounts and days of which something changed; what comes to nought, or has no part left, is no figure.
  Its columns account_id and metric_date must be plain columns of an index of the raw object, better its first ones.
-#}
{% macro changed_metrics(into) -%}
    {%- set types = metric_types() -%}
    {%- set has = staged_columns('metrics', types) -%}
    {%- set marks = journeyline_watermarks() -%}
    {%- for model, about in listed('metrics').items() %}
    {%- if about.summed %}
    select
        '{{ about.platform }}'::text as source_platform,
        '{{ about.object }}'::text as source_object,
        staged.metric_level,
        staged.account_id,
        staged.content_id,
        staged.metric_name,
        staged.period,
        staged.metric_date,
        staged.breakdown,
        sum(staged.metric_value) filter (where not staged.is_deleted) as metric_value,
        coalesce(sum(staged.metric_value) filter (where not staged.is_deleted), 0) = 0 as is_deleted
    from {{ ref(model) }} as staged
    {%- if not reads_everything(into) %}
    where
        (staged.account_id, staged.metric_date) in (
            select
                news.account_id,
                news.metric_date
            from {{ ref(model) }} as news
            where {{ changed_since(about.platform, about.object, into=into, column='news._changed_seq', marks=marks) }}
        )
    {%- endif %}
    group by
        staged.metric_level, staged.account_id, staged.content_id, staged.metric_name, staged.period, staged.metric_date, staged.breakdown
    {%- else %}
    select
        '{{ about.platform }}'::text as source_platform,
        '{{ about.object }}'::text as source_object,
        {{ staged_list(types.keys() | reject('equalto', '_changed_seq') | list, has[model], types, 'staged') }}
    from {{ ref(model) }} as staged
    where {{ changed_since(about.platform, about.object, into=into, column='staged._changed_seq', marks=marks) }}
    {%- endif %}
    union all
    {%- endfor %}
    select
        null::text as source_platform,
        null::text as source_object,
        {{ staged_list(types.keys() | reject('equalto', '_changed_seq') | list, [], types, 'staged') }}
    where false
{%- endmacro %}

{#- Figures of one level as the marts give them, in the common vocabulary of the seed `metrics`. Two objects of a platform may tell
    the same figure (its API, and an extract of a warehouse tool): one of them is enough. -#}
{% macro reported_figures(level) -%}
    {%- set subject = ['source_platform', 'account_id'] + (['content_id'] if level == 'content' else []) -%}
    {%- set figure = [] -%}
    {%- for column in subject + ['metric_name', 'period', 'breakdown'] -%}
        {%- do figure.append('figures.' ~ column) -%}
    {%- endfor -%}
select distinct on ({{ figure | join(', ') }}, day.metric_date)
    figures.metric_key,
    figures.source_platform,
    coalesce(figures.account_id, '') as account_id,
    {%- if level == 'content' %}
    figures.content_id,
    {%- endif %}
    figures.metric_date,
    figures.period,
    figures.metric_name,
    metrics.common_metric,
    metrics.unit,
    metrics.is_stock,
    figures.breakdown,
    figures.metric_value
from {{ ref('int_channel_metrics') }} as figures
cross join lateral (select case when figures.period <> 'lifetime' then figures.metric_date end as metric_date) as day
left join {{ ref('metrics') }} as metrics
    on
        figures.source_platform = metrics.source_platform
        and figures.metric_level = metrics.metric_level
        and figures.metric_name = metrics.metric_name
where
    figures.metric_level = '{{ level }}'
    {%- if level == 'content' %}
    and figures.content_id is not null
    {%- endif %}
    and not figures.is_deleted
order by {{ figure | join(', ') }}, day.metric_date, figures.metric_date desc, figures.source_object
{%- endmacro %}
