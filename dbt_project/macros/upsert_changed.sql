{#-
  Body of every incremental int_* table: the parts of all platforms through one column contract, and of these only the rows
  whose content differs from what is stored. Written rows carry this run's build_seq, so "what changed?" is one comparison.

  parts     relations, one per platform: the recomputed rows of the entities touched by changed raw rows. A row that no
            longer holds comes with is_deleted = true and becomes a tombstone, if it was ever stored.
  key       columns of the primary key
  columns   all other columns, is_deleted among them
  owner     column of the entity whose rows a part always gives completely: stored rows of the owners that the parts
            mention become tombstones when they are not among the candidates. An owner without rows is given once with
            the last column of the key null.
  blanked   columns emptied on a tombstone (personal data)

  Looking at everything (var full_refresh) also turns rows into tombstones whose entity has vanished from raw altogether.
  A column that the stored table does not have yet counts as null there; old rows get it when they are looked at next.
-#}
{% macro upsert_changed(parts, key, columns, owner=none, blanked=[]) -%}
{%- set all_columns = key + columns -%}
{%- set known = adapter.get_columns_in_relation(this) | map(attribute='name') | list if execute and is_incremental() else all_columns -%}
with candidates as (
    {%- for part in parts %}
    select {{ all_columns | join(', ') }} from {{ part }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select {% for column in all_columns %}null as {{ column }}{% if not loop.last %}, {% endif %}{% endfor %} where false
    {%- endfor %}
)
{% if is_incremental() %}
, matched as (
    select
        {% for column in all_columns -%}
        {%- if column in key -%}
        n.{{ column }},
        {%- elif column == 'is_deleted' -%}
        n.is_deleted,
        {%- elif column in blanked -%}
        n.{{ column }},
        {%- else -%}
        case when n.is_deleted then {{ 'o.' ~ column if column in known else 'null' }} else n.{{ column }} end as {{ column }},
        {%- endif %}
        {% endfor -%}
        case
            when o.{{ key[0] }} is null then not n.is_deleted
            when n.is_deleted then not o.is_deleted
            else {% for column in columns %}n.{{ column }} is distinct from {{ 'o.' ~ column if column in known else 'null' }}{% if not loop.last %} or {% endif %}{% endfor %}
        end as is_news
    from candidates as n
    left join {{ this }} as o on {% for column in key %}n.{{ column }} = o.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
    where n.{{ key[-1] }} is not null
)
{% if owner is not none or var('full_refresh') %}
, gone as (
    select
        {% for column in all_columns -%}
        {%- if column == 'is_deleted' -%}
        true as is_deleted
        {%- elif column in blanked -%}
        nullif(o.{{ column }}, o.{{ column }}) as {{ column }}
        {%- elif column in known -%}
        o.{{ column }}
        {%- else -%}
        (select n.{{ column }} from candidates as n where false) as {{ column }}
        {%- endif %}{% if not loop.last %},{% endif %}
        {% endfor -%}
    from {{ this }} as o
    where
        not o.is_deleted
        {%- if not var('full_refresh') %}
        and o.{{ owner }} in (select n.{{ owner }} from candidates as n where n.{{ owner }} is not null)
        {%- endif %}
        and not exists (
            select 1 from candidates as n where {% for column in key %}n.{{ column }} = o.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
        )
)
{% endif %}
select {{ all_columns | join(', ') }}, {{ var('build_seq') }}::bigint as _changed_seq from matched where is_news
{%- if owner is not none or var('full_refresh') %}
union all
select {{ all_columns | join(', ') }}, {{ var('build_seq') }}::bigint from gone
{%- endif %}
{% else %}
select {{ all_columns | join(', ') }}, {{ var('build_seq') }}::bigint as _changed_seq
from candidates
where not is_deleted and {{ key[-1] }} is not null
{% endif %}
{%- endmacro %}
