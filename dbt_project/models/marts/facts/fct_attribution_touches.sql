{{ config(
    meta={'publish': 'customer'},
    indexes=[
        {'columns': ['golden_customer_id']},
        {'columns': ['touchpoint_id']},
        {'columns': ['conversion_month', 'conversion_type', 'channel']},
    ],
    post_hook='analyze {{ this }}',
) }}
{%- set units = credit_units() %}
{%- set divided = ['linear', 'position', 'j_shaped', 'inverse_j', 'time_decay', 'shapley_volume'] %}

with conversions as (
    select
        conversion_id,
        golden_customer_id,
        conversion_type,
        converted_at,
        converted_date,
        touchpoint_id,
        round(value_amount * 100)::bigint as value_cents,
        greatest(converted_at - interval '{{ var("attribution_days") }} days', previous_converted_at) as looks_back_to,
        coalesce(previous_converted_at >= converted_at - interval '{{ var("attribution_days") }} days', false) as is_reset
    from {{ ref('fct_conversions') }}
),

-- at or before the conversion, within the look-back, after the previous conversion of the same type, not the conversion itself
touches as (
    select
        conversions.conversion_id,
        touches.touchpoint_id,
        touches.occurred_at,
        touches.source_priority,
        touches.channel,
        touches.campaign,
        touches.content_id,
        touches.is_on_site,
        bool_and(touches.is_on_site) over (partition by conversions.conversion_id) as is_all_on_site
    from conversions
    inner join {{ marketing_touches() }} as touches
        on
            conversions.golden_customer_id = touches.golden_customer_id
            and conversions.converted_at >= touches.occurred_at
            and conversions.looks_back_to <= touches.occurred_at
            and (not conversions.is_reset or conversions.looks_back_to < touches.occurred_at)
            and conversions.touchpoint_id is distinct from touches.touchpoint_id
),

-- a conversion without a touch keeps one row, which says so
rows_of_conversions as (
    select
        conversions.conversion_id,
        conversions.golden_customer_id,
        conversions.conversion_type,
        conversions.converted_at,
        conversions.converted_date,
        conversions.value_cents,
        touches.touchpoint_id,
        touches.occurred_at,
        coalesce(touches.channel, '(unattributed)') as channel,
        touches.campaign,
        touches.content_id,
        row_number() over in_order as touch_no,
        count(touches.touchpoint_id) over (partition by conversions.conversion_id) as touch_count,
        row_number() over by_channel = 1 as is_channel_first,
        -- the last touch whose channel is not direct; all direct: the last touch
        row_number() over by_directness = 1 as is_last_non_direct,
        power(2::double precision, -extract(epoch from conversions.converted_at - touches.occurred_at)::double precision
            / (86400 * {{ var('attribution_half_life_days') }})) as decay
    from conversions
    left join touches
        on conversions.conversion_id = touches.conversion_id and (touches.is_all_on_site or not touches.is_on_site)
    window
        in_order as (
            partition by conversions.conversion_id order by touches.occurred_at, touches.source_priority, touches.touchpoint_id
        ),
        by_channel as (
            partition by conversions.conversion_id, touches.channel
            order by touches.occurred_at, touches.source_priority, touches.touchpoint_id
        ),
        by_directness as (
            partition by conversions.conversion_id
            order by
                (touches.channel = 'direct' or touches.is_on_site),
                touches.occurred_at desc, touches.source_priority desc, touches.touchpoint_id desc
        )
),

-- sums of floating point numbers in a fixed order, so that a night gives the last bit that a full build gives
decayed as (
    select
        rows_of_conversions.*,
        {{ units }} * coalesce(decay / sum(decay) over in_order, 1) as time_decay_exact,
        sum(is_channel_first::integer) over (partition by conversion_id) as channel_count,
        sum(is_channel_first::integer) over (partition by conversion_id order by touch_no) as channel_no
    from rows_of_conversions
    window
        in_order as (partition by conversion_id order by touch_no rows between unbounded preceding and unbounded following)
),

ranked as (
    select
        decayed.*,
        floor(time_decay_exact)::bigint as time_decay_floor,
        sum(floor(time_decay_exact)::bigint) over (partition by conversion_id) as time_decay_given,
        row_number() over (partition by conversion_id order by time_decay_exact - floor(time_decay_exact) desc, touch_no) as time_decay_rank
    from decayed
),

credited as (
    select
        ranked.*,
        ({{ units }} / greatest(touch_count, 1) + (touch_no <= {{ units }} % greatest(touch_count, 1))::integer)::bigint as linear_units,
        ({{ credit_by_position(0.4, 0.4) }})::bigint as position_units,
        ({{ credit_by_position(0.2, 0.6) }})::bigint as j_shaped_units,
        ({{ credit_by_position(0.6, 0.2) }})::bigint as inverse_j_units,
        (time_decay_floor + (time_decay_rank <= {{ units }} - time_decay_given)::integer)::bigint as time_decay_units,
        -- each conversion in equal parts to the distinct channels of its path, at the first touch of each
        case
            when is_channel_first then {{ units }} / channel_count + (channel_no <= {{ units }} % channel_count)::integer else 0
        end::bigint as shapley_volume_units
    from ranked
),

-- cents by largest remainder
shared as (
    select
        credited.*
        {%- for model in divided %},
        floor(value_cents::numeric * {{ model }}_units / {{ units }})::bigint as {{ model }}_cents,
        value_cents::numeric * {{ model }}_units - floor(value_cents::numeric * {{ model }}_units / {{ units }}) * {{ units }} as {{ model }}_rest
        {%- endfor %}
    from credited
    where value_cents is not null
),

valued as (
    select
        conversion_id,
        touch_no
        {%- for model in divided %},
        round((
            {{ model }}_cents + (
                row_number() over (partition by conversion_id order by {{ model }}_rest desc, touch_no)
                <= value_cents - sum({{ model }}_cents) over (partition by conversion_id)
            )::integer
        ) / 100.0, 2)::numeric(18, 2) as {{ model }}_amount
        {%- endfor %}
    from shared
)

select
    credited.conversion_id,
    credited.touch_no::integer as touch_no,
    credited.golden_customer_id,
    credited.touchpoint_id,
    credited.touch_count::integer as touch_count,
    credited.conversion_type,
    credited.converted_date,
    date_trunc('month', credited.converted_date)::date as conversion_month,
    credited.channel,
    credited.campaign,
    credited.content_id,
    round(extract(epoch from credited.converted_at - credited.occurred_at) / 3600.0, 4)::numeric(14, 4) as hours_to_conversion,
    credited.touch_no = 1 as is_first,
    credited.touch_no >= credited.touch_count as is_last,
    credited.is_last_non_direct,
    credited.is_channel_first
    {%- for model in divided %},
    ({{ model }}_units::numeric / {{ units }})::numeric(10, 9) as {{ model }}_credit
    {%- endfor %},
    round(credited.value_cents / 100.0, 2)::numeric(18, 2) as value_amount
    {%- for model in divided %},
    valued.{{ model }}_amount
    {%- endfor %}
from credited
left join valued on credited.conversion_id = valued.conversion_id and credited.touch_no = valued.touch_no
