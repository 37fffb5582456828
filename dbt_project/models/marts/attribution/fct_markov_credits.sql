{{ config(
    meta={'publish': 'customer', 'fitted': true},
    indexes=[{'columns': ['golden_customer_id']}],
    post_hook='analyze {{ this }}',
) }}
{%- set units = credit_units() %}

with touches as (
    select
        touches.conversion_id,
        touches.touch_no,
        touches.golden_customer_id,
        touches.linear_credit,
        round(touches.value_amount * 100)::bigint as value_cents,
        coalesce(round(effects.removal_effect * {{ units }})::bigint, 0) as weight
    from {{ scope('fct_attribution_touches', [
        'conversion_id', 'touch_no', 'golden_customer_id', 'conversion_type', 'channel', 'linear_credit', 'value_amount'
    ]) }} as touches
    left join {{ source('journeys', 'stat_attribution_channels') }} as effects
        on touches.conversion_type = effects.conversion_type and touches.channel = effects.channel
),

-- whole numbers throughout: the same on every night, whatever the order of adding
weighed as (
    select
        touches.*,
        sum(weight) over (partition by conversion_id)::bigint as weight_total
    from touches
),

shared as (
    select
        weighed.*,
        -- no channel of the path has an effect, or it has no touch: linear
        case when weight_total = 0 then round(linear_credit * {{ units }}) else div({{ units }}::numeric * weight, weight_total) end as floor_units,
        case when weight_total = 0 then 0 else mod({{ units }}::numeric * weight, weight_total) end as rest
    from weighed
),

credited as (
    select
        shared.*,
        floor_units + (
            row_number() over (partition by conversion_id order by rest desc, touch_no)
            <= {{ units }} - sum(floor_units) over (partition by conversion_id)
        )::integer as credit_units
    from shared
),

valued as (
    select
        credited.*,
        floor(value_cents * credit_units / {{ units }}) as floor_cents,
        value_cents * credit_units - floor(value_cents * credit_units / {{ units }}) * {{ units }} as rest_cents
    from credited
)

select
    conversion_id,
    touch_no,
    golden_customer_id,
    (credit_units / {{ units }})::numeric(10, 9) as credit,
    round((
        floor_cents + (
            row_number() over (partition by conversion_id order by rest_cents desc, touch_no)
            <= value_cents - sum(floor_cents) over (partition by conversion_id)
        )::integer
    ) / 100, 2)::numeric(18, 2) as value_amount
from valued
