{#-
  The links of one path of fct_paths (alias p): (start) → first stage, stage → stage, last stage → (end) or (open).
  source_at: when the source was entered, which is what a link's month is counted by; the start has the first stage's.
-#}
{% macro path_links(p) -%}
(
    select
        coalesce(lag(node.stage_key) over (order by node.position), '(start)') as source_stage,
        node.stage_key as target_stage,
        coalesce(lag(node.entered_at) over (order by node.position), node.entered_at) as source_at,
        node.entered_at as left_at,
        node.entered_at - lag(node.entered_at) over (order by node.position) as stayed
    from unnest({{ p }}.stages, {{ p }}.entered_at) with ordinality as node (stage_key, entered_at, position)
    union all
    select
        {{ p }}.stages[{{ p }}.stage_count],
        {{ p }}.end_node,
        {{ p }}.entered_at[{{ p }}.stage_count],
        {{ p }}.entered_at[{{ p }}.stage_count],
        null
)
{%- endmacro %}
