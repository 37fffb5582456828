{#- Insights of Meta's platforms (Facebook Pages, Instagram): figures by day and post, in the standard columns of metrics. -#}

{#- The day that a figure is about. An insight's end_time is midnight Pacific at the end of it; where there is none, the day on
    which it was read. Not verified by the vendor's documentation: connectors/contracts/facebook_pages.yml says so. -#}
{% macro insight_day(end_time, read_at) -%}
    case
        when {{ end_time }} is not null then (({{ end_time }} - interval '1 second') at time zone 'America/Los_Angeles')::date
        else ({{ read_at }} at time zone 'UTC')::date
    end
{%- endmacro %}

{#-
  All figures of an insight object: the value itself, or one per part of the audience where the value is an object
  ({"DE": 12}) or comes with breakdowns ([{dimension_keys, results: [{dimension_values, value}]}]).

  relation  the raw object (columns insight_id, metric, period, end_time, value_at, value, breakdowns)
  level     'account' or 'content': what the insight's id begins with
  account   SQL expression of the account; default: the subject itself for level account, nothing for content
-#}
{% macro insight_figures(relation, level, account=none) -%}
with insights as (
    select
        split_part(insight_id, '/', 1) as subject_id,
        coalesce(metric, split_part(insight_id, '/', 3)) as metric_name,
        case when period in ('day', 'week', 'days_28', 'month', 'lifetime') then period end as period,
        {{ insight_day('end_time', 'value_at') }} as metric_date,
        value,
        breakdowns,
        _is_deleted as is_deleted,
        _changed_seq
    from {{ relation }}
),

figures as (
    select
        insights.*,
        null as breakdown,
        insights.value as figure
    from insights
    where jsonb_typeof(insights.value) = 'number'
    union all
    select
        insights.*,
        'part=' || part.key,
        part.value
    from insights
    cross join lateral jsonb_each(case when jsonb_typeof(insights.value) = 'object' then insights.value end) as part
    union all
    select
        insights.*,
        (
            select string_agg(names.name || '=' || parts.value, ',' order by names.place)
            from jsonb_array_elements_text(dimension.value -> 'dimension_keys') with ordinality as names (name, place)
            inner join jsonb_array_elements_text(result.value -> 'dimension_values') with ordinality as parts (value, place)
                on names.place = parts.place
        ),
        result.value -> 'value'
    from insights
    cross join lateral jsonb_array_elements(case when jsonb_typeof(insights.breakdowns) = 'array' then insights.breakdowns end) as dimension
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof(dimension.value -> 'results') = 'array' then dimension.value -> 'results' end
    ) as result
)

select
    -- what it is about
    '{{ level }}' as metric_level,
    {{ account or ('subject_id' if level == 'account' else 'null::text') }} as account_id,
    {{ 'subject_id' if level == 'content' else 'null::text' }} as content_id,

    -- figure
    metric_name,
    period,
    metric_date,
    breakdown,
    (figure #>> '{}')::numeric as metric_value,

    -- metadata
    is_deleted,
    _changed_seq
from figures
where jsonb_typeof(figure) = 'number'
{%- endmacro %}

{#- Figures that stand side by side in the columns which the contract does not name (kept in _extra): name and value of each. -#}
{% macro extra_figures(alias) -%}
    lateral (
        select
            extra.key as metric_name,
            extra.value::numeric as metric_value
        from jsonb_each_text({{ alias }}._extra) as extra
        where extra.value ~ '^-?\d+(\.\d+)?$'
    )
{%- endmacro %}
