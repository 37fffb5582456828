{#- At least `share` of the rows satisfy `condition`: a test for dirty sources. An empty model passes. -#}
{% test proportion_at_least(model, condition, share) %}
with measured as (
    select
        count(*) as rows_seen,
        count(*) filter (where {{ condition }}) as rows_good
    from {{ model }}
)

select *
from measured
where rows_seen > 0 and rows_good < {{ share }} * rows_seen
{% endtest %}
