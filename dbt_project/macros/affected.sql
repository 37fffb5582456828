{#- The night's customers and their records: join this FIRST in every customer-grain mart, so that the cost follows what changed. -#}
{% macro affected() -%}
    {{ ref('int_records_affected') }}
{%- endmacro %}

{#-
  A whole table for aggregates: the published rows of unaffected customers and this night's rows of the affected ones.
  `model` must have golden_customer_id and be published by customer. A column that is not published yet comes with a change
  of the rules, which affects everyone: then this night's rows are all there are.
-#}
{% macro whole(model, columns) -%}
    {%- set built = ref(model) -%}
    {%- set list = columns | join(', ') -%}
    {%- if reads_published(model, columns) -%}
(
    select {{ list }} from marts.{{ model }} as p
    where not exists (select 1 from {{ source('night', 'affected_customers') }} as a where a.golden_customer_id = p.golden_customer_id)
    union all
    select {{ list }} from {{ built }}
)
    {%- else -%}
(select {{ list }} from {{ built }})
    {%- endif -%}
{%- endmacro %}

{#- Whether whole() takes the rows of unaffected customers from marts: a fitted mart holds everybody's rows on nights of fitting,
    every mart where everyone is affected. For models that look few rows up by an index of marts. -#}
{% macro reads_published(model, columns) -%}
    {{ return(execute and not is_refitted(model) and not is_everyone_affected() and has_published(model, columns)) }}
{%- endmacro %}
