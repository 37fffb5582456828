{#- Is a channel one of the brand's? `about`: the channel that a comment is about. -#}
{% macro is_brand_channel(channel, about) -%}
    {%- set own = var('youtube_brand_channel_ids') -%}
    (coalesce({{ channel }} = {{ about }}, false)
    {%- if own %} or coalesce({{ channel }} in ({% for id in own %}'{{ id }}'{% if not loop.last %}, {% endif %}{% endfor %}), false){% endif %})
{%- endmacro %}

{#-
  Figures of a YouTube report in the standard columns of metrics: one row per row of the report, part and figure. int_channel_metrics
  adds up rows of one part (`summed` in dbt_project.yml). Averages and rates are left out: they cannot be added up, and follow from
  the others (average view duration = watch time / views).

  report   name of the source table
  figures  columns that can be added up
  parts    what they are counted by: [level, dimensions], level account or content; no dimensions: the total
  content  column that names the content
-#}
{% macro youtube_report(report, figures, parts, content='video_id') -%}
select
    -- what it is about
    part.metric_level,
    report.channel_id as account_id,
    part.content_id,

    -- figure
    figure.metric_name,
    'day' as period,
    report.date as metric_date,
    part.breakdown,
    figure.metric_value,

    -- metadata
    report._is_deleted as is_deleted,
    report._changed_seq
from {{ source('youtube', report) }} as report
cross join lateral (
    values
    {%- for part in parts %}
    (
        '{{ part[0] }}', {% if part[0] == 'content' %}nullif(report.{{ content }}, ''){% else %}null{% endif %},
        {% if part | length > 1 -%}
        concat_ws(','{% for dimension in part[1] %}, '{{ dimension }}=' || report.{{ dimension }}{% endfor %})
        {%- else %}null{% endif %}
    ){% if not loop.last %},{% endif %}
    {%- endfor %}
) as part (metric_level, content_id, breakdown)
cross join lateral (
    values
    {%- for name in figures %}
    ('{{ name }}', report.{{ name }}::numeric){% if not loop.last %},{% endif %}
    {%- endfor %}
) as figure (metric_name, metric_value)
where figure.metric_value is not null and (part.metric_level = 'account' or part.content_id is not null)
{%- endmacro %}
