{#-
  Condition on a staging model's _changed_seq: true for the rows this layer has not read yet.

  platform, object   the raw object, as in raw.<platform>__<object>
  into               the int_* table that is fed; while it does not exist every row counts as changed

  The watermark (ops.watermarks, consumer 'dbt:<layer>', moved by the runner when the whole layer has succeeded) is read
  when the model is compiled and written into the SQL as a number: Postgres then knows how few rows to expect and uses the
  index on _changed_seq. As a subquery it would guess a third of the table and scan it.

  marks   journeyline_watermarks(), where a model asks for many objects: one query instead of one each
-#}
{% macro changed_since(platform, object, into, column='_changed_seq', marks=none) -%}
    {%- if not execute or var('full_refresh') or not journeyline_exists('intermediate', into) -%}
        true
    {%- else -%}
        {{ column }} > {{ journeyline_watermark(platform ~ '__' ~ object) if marks is none else marks.get(platform ~ '__' ~ object, 0) }}
    {%- endif -%}
{%- endmacro %}

{#- Object → how far this layer has read it. -#}
{% macro journeyline_watermarks() -%}
    {%- set marks = {} -%}
    {%- if execute -%}
        {%- for row in run_query("select source, seq::text from ops.watermarks where consumer = 'dbt:" ~ var('layer') ~ "'") -%}
            {%- do marks.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(marks) }}
{%- endmacro %}

{#- True on a night that reads everything for `into`: then changed keys need not be looked up in it either. -#}
{% macro reads_everything(into) -%}
    {{ return(not execute or var('full_refresh') or not journeyline_exists('intermediate', into)) }}
{%- endmacro %}

{% macro journeyline_watermark(source) -%}
    {%- set rows = run_query(
        "select coalesce(max(seq), 0) from ops.watermarks where consumer = 'dbt:" ~ var('layer') ~ "' and source = '" ~ source ~ "'"
    ) -%}
    {{ return(rows.columns[0].values()[0]) }}
{%- endmacro %}

{% macro journeyline_exists(schema, table) -%}
    {{ return(load_relation(api.Relation.create(database=target.database, schema=generate_schema_name(schema, none), identifier=table)) is not none) }}
{%- endmacro %}

{#- The same for orders, which the layer persons writes: pulls may promote rows between two layers of one night, and an order
    that this layer met too early must come again. -#}
{% macro orders_changed_since(into) -%}
    {%- if not execute or var('full_refresh') or not journeyline_exists('intermediate', into) -%}
        true
    {%- else -%}
        _changed_seq > {{ journeyline_watermark('int_orders') }}
    {%- endif -%}
{%- endmacro %}

{#- And for people, where what an event is depends on who somebody turned out to be. -#}
{% macro persons_changed_since(into) -%}
    {%- if not execute or var('full_refresh') or not journeyline_exists('intermediate', into) -%}
        false  {#- everything is read anyway -#}
    {%- else -%}
        _changed_seq > {{ journeyline_watermark('int_person_records') }}
    {%- endif -%}
{%- endmacro %}
