{#- The model has as many rows as `other` (a relation or a query in brackets). Returns both counts when they differ. -#}
{% test row_count_matches(model, other) %}
with counts as (
    select
        (select count(*) from {{ model }}) as rows_here,
        (select count(*) from {{ other }} as other_rows) as rows_there
)

select * from counts where rows_here <> rows_there
{% endtest %}
