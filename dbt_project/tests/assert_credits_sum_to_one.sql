-- Invariant 6, per conversion: the credits of each model sum to 1 and their values to the conversion's, the unattributed row included.
{% set models = ['linear', 'position', 'j_shaped', 'inverse_j', 'time_decay', 'shapley_volume'] %}
with credited as (
    select
        conversion_id,
        count(*) filter (where is_first) as first_credit,
        count(*) filter (where is_last) as last_credit,
        count(*) filter (where is_last_non_direct) as last_non_direct_credit
        {%- for model in models %},
        sum({{ model }}_credit) as {{ model }}_credit,
        sum({{ model }}_amount) as {{ model }}_amount
        {%- endfor %}
    from {{ ref('fct_attribution_touches') }}
    group by 1
)

select conversions.conversion_id
from {{ ref('fct_conversions') }} as conversions
left join credited on conversions.conversion_id = credited.conversion_id
where
    credited.first_credit is distinct from 1 or credited.last_credit is distinct from 1
    or credited.last_non_direct_credit is distinct from 1
    {%- for model in models %}
    or credited.{{ model }}_credit is distinct from 1 or credited.{{ model }}_amount is distinct from conversions.value_amount
    {%- endfor %}
