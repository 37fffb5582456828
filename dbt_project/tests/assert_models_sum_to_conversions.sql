-- Invariant 6, in total: every model, those of whole channels included, divides all conversions and their value; participation is the exception.
with conversions as (
    select
        conversion_type,
        count(*) as conversions,
        coalesce(sum(value_amount), 0) as value_amount
    from {{ whole('fct_conversions', ['conversion_type', 'value_amount']) }} as conversions
    group by 1
),

models as (
    select distinct model_id from {{ ref('attribution_channel') }} where model_id <> 'participation'
),

credited as (
    select
        model_id,
        conversion_type,
        sum(conversions) as conversions,
        sum(value_amount) as value_amount
    from {{ ref('attribution_channel') }}
    group by 1, 2
)

select
    models.model_id,
    conversions.conversion_type
from conversions
cross join models
left join credited on models.model_id = credited.model_id and conversions.conversion_type = credited.conversion_type
where
    credited.model_id is null
    -- the tolerance of one conversion, as often as there are conversions: shares are rounded at the twelfth place
    or abs(credited.conversions - conversions.conversions) > 1e-9 * greatest(conversions.conversions, 1)
    or abs(credited.value_amount - conversions.value_amount) > 1e-6 * greatest(conversions.conversions, 1)
