{{ config(meta={'publish': 'whole', 'person_level': true}) }}

{% set contribution %}
select
    d.stage_key,
    p.persona_code,
    m.change_date,
    sum(m.entered)::bigint as entered,
    sum(m.departed)::bigint as departed
from [[fct_customer_stage_daily]] as d
inner join [[customer_persona]] as p on d.golden_customer_id = p.golden_customer_id
cross join lateral (values (d.valid_from, 1, 0), (d.valid_to, 0, 1)) as m (change_date, entered, departed)
group by 1, 2, 3
{% endset %}

select
    stage_key,
    persona_code,
    change_date,
    entered::bigint as entered,
    departed::bigint as departed
from {{ additive(
    keys=['stage_key', 'persona_code', 'change_date'],
    sums=['entered', 'departed'],
    facts=['fct_customer_stage_daily', 'customer_persona'],
    contribution=contribution,
) }} as cells
