{#-
  A slowly changing dimension of type 2, one night further: rows of earlier nights, closed where something changed, and new rows.

  earlier   relation with recorded_golden_customer_id, golden_customer_id, valid_from, valid_to and the traits: as published
  now       relation with golden_customer_id and the traits: as they are tonight. Whose earlier rows come in, must come in here
  present   relation with golden_customer_id, present_id: where an id is tonight (null: nobody holds it)
  traits    columns; null is a value like any other
  night     date expression

  Rows that the same night has written before are written anew, so repeating it changes nothing. Rows of an id that was merged away
  are closed and stay under that id (recorded_golden_customer_id); golden_customer_id says who it is today.
-#}
{% macro type_two(earlier, now, present, traits, night) -%}
with earlier as (
    select
        recorded_golden_customer_id,
        valid_from,
        case when valid_to < {{ night }} then valid_to end as valid_to,
        {{ traits | join(',\n        ') }}
    from {{ earlier }}
    where valid_from < {{ night }}
),

now as (
    select
        golden_customer_id,
        {{ traits | join(',\n        ') }}
    from {{ now }}
),

-- an id that lives holds its own rows; of the few others it is looked up who does
held as (
    select
        earlier.*,
        coalesce(now.golden_customer_id, present.present_id) as golden_customer_id,
        now.golden_customer_id is not null
        and ({% for trait in traits %}now.{{ trait }} is not distinct from earlier.{{ trait }}{% if not loop.last %} and {% endif %}{% endfor %}) as is_same
    from earlier
    left join now on earlier.recorded_golden_customer_id = now.golden_customer_id
    left join {{ present }} as present
        on now.golden_customer_id is null and earlier.recorded_golden_customer_id = present.golden_customer_id
)

select
    recorded_golden_customer_id,
    golden_customer_id,
    valid_from,
    case when valid_to is null and not is_same then {{ night }} else valid_to end as valid_to,
    {{ traits | join(',\n    ') }}
from held
where golden_customer_id is not null
union all
select
    now.golden_customer_id,
    now.golden_customer_id,
    {{ night }},
    null,
    {% for trait in traits %}now.{{ trait }}{% if not loop.last %},
    {% endif %}{% endfor %}
from now
where not exists (
    select 1 from held
    where held.recorded_golden_customer_id = now.golden_customer_id and held.valid_to is null and held.is_same
)
{%- endmacro %}
