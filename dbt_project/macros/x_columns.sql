{#-
  Columns that an export has beside its contract (raw `_extra`), carried through to a mart as one jsonb column `x_columns`.
  Which ones: seeds/x_columns.csv. Models pay for them only where a brand has some.
-#}

{#- The entity of a mart that a raw row is about: the mart's own key, as text. -#}
{% macro x_entity(rule, value) -%}
    {%- if rule.mart in ('fct_orders', 'fct_tickets') -%}
'{{ rule.source_platform }}:' || upper(ltrim({{ value }}, '#'))
    {%- elif rule.mart == 'fct_touchpoints' -%}
{{ touchpoint_key("'" ~ rule.source_platform ~ "'", "'" ~ rule.kind ~ "'", value) }}::text
    {%- else -%}
{{ source_record_key("'" ~ rule.source_platform ~ "'", "'" ~ rule.kind ~ "'", value) }}::text
    {%- endif -%}
{%- endmacro %}

{#-
  One row per entity that a changed raw row is about, with the extra columns of all its rows (of equal names the last row's): the
  part of int_x_columns. Nothing while nothing is executed.
-#}
{% macro x_column_rows() -%}
    {%- set seed = ref('x_columns') -%}
    {%- set keyed = {
        'fct_orders': ref('int_orders') ~ ' as entity on entity.order_id = x.entity_id',
        'fct_tickets': ref('int_tickets') ~ ' as entity on entity.ticket_id = x.entity_id',
        'fct_touchpoints': ref('int_touchpoints') ~ ' as entity on entity.touchpoint_id = x.entity_id::uuid',
    } -%}
    {%- set ns = namespace(arms=0) -%}
    {%- if execute and model is defined and model.resource_type != 'unit_test' -%}
    {%- set rules = run_query(
        "select source_platform, source_object, mart, key_column, coalesce(kind, '') as kind, bool_or(export_column = 'x_*') as takes_x,"
        ~ " string_agg(distinct case when export_column <> 'x_*' then quote_literal(x_column) || ', raw._extra -> ' || quote_literal(export_column) end, ', ') as named"
        ~ " from " ~ seed ~ " group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5"
    ) -%}
    {%- for row in rules.rows -%}
        {%- set rule = {'source_platform': row[0], 'mart': row[2], 'kind': row[4]} -%}
        {%- set raw = 'raw.' ~ adapter.quote(row[0] ~ '__' ~ row[1]) -%}
        {%- set key = adapter.quote(row[3]) -%}
        {%- set changed = changed_since(row[0], row[1], into='int_x_columns', column='raw._changed_seq') -%}
        {%- if ns.arms %}
    union all
        {%- endif %}
        {%- set ns.arms = ns.arms + 1 %}
    select
        '{{ row[2] }}'::text as mart,
        '{{ row[0] }}'::text as source_platform,
        '{{ row[1] }}'::text as source_object,
        x.entity_id,
        {% if row[2] == 'dim_customers' %}x.entity_id::uuid{% else %}entity.source_record_key{% endif %} as source_record_key,
        x.x_columns,
        x.x_columns is null as is_deleted
    from (
        select
            {{ x_entity(rule, 'raw.' ~ key ~ '::text') }} as entity_id,
            jsonb_object_agg(lower(pair.key), pair.value order by raw._source_line, raw._row_hash) filter (
                where pair.value is not null and pair.value <> 'null'::jsonb and not raw._is_deleted
            ) as x_columns
        from {{ raw }} as raw
        left join lateral (
            select e.key, e.value from jsonb_each(raw._extra) as e where {{ "e.key ~* '^x_'" if row[5] else 'false' }}
            {%- if row[6] %}
            union all
            select e.key, e.value from jsonb_each(jsonb_build_object({{ row[6] }})) as e
            {%- endif %}
        ) as pair on true
        where
            raw.{{ key }} is not null
            {%- if changed | trim == 'true' %}
            and raw._extra is not null
            {%- else %}
            and raw.{{ key }} in (select raw.{{ key }} from {{ raw }} as raw where {{ changed }})
            {%- endif %}
        group by 1
    ) as x
    {%- if row[2] != 'dim_customers' %}
    left join {{ keyed[row[2]] }}
    {%- endif %}
    {%- endfor -%}
    {%- endif -%}
    {%- if not ns.arms %}
    select
        null::text as mart,
        null::text as source_platform,
        null::text as source_object,
        null::text as entity_id,
        null::uuid as source_record_key,
        null::jsonb as x_columns,
        false as is_deleted
    where false
    {%- endif -%}
{%- endmacro %}

{#- Whether a mart has extra columns at all; asked when the model starts. -#}
{% macro has_x_columns(mart) -%}
    {%- if model is defined and model.resource_type == 'unit_test' -%}{{ return(var('has_x_columns', false)) }}{%- endif -%}
    {%- set stored = ref('int_x_columns') -%}
    {#- named here, so that dbt knows of it -#}
    {%- set records = affected() -%}
    {%- if not execute -%}{{ return(false) }}{%- endif -%}
    {#- before the first night after an upgrade it is not there yet -#}
    {%- if not journeyline_exists('intermediate', 'int_x_columns') -%}{{ return(false) }}{%- endif -%}
    {%- set found = run_query("select exists (select 1 from " ~ stored ~ " where mart = '" ~ mart ~ "' and not is_deleted)") -%}
    {{ return(found.columns[0].values()[0]) }}
{%- endmacro %}

{#- entity_id (the mart's own key as text; of dim_customers the record's) and x_columns of the night's customers, all sources
    together; an empty relation where the mart has none. -#}
{% macro x_columns(mart) -%}
    {%- if not has_x_columns(mart) -%}
(select null::text as entity_id, null::jsonb as x_columns where false)
    {%- else -%}
(
        select
            x.entity_id,
            jsonb_object_agg(e.key, e.value order by x.source_platform, x.source_object) as x_columns
        from {{ ref('int_x_columns') }} as x
        cross join lateral jsonb_each(x.x_columns) as e
        where
            x.mart = '{{ mart }}'
            and not x.is_deleted
            and x.source_record_key in (select a.source_record_key from {{ affected() }} as a)
        group by 1
    )
    {%- endif -%}
{%- endmacro %}
