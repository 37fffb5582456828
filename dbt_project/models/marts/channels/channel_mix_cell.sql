{{ config(meta={'publish': 'whole', 'person_level': true}) }}

{%- set contribution %}
select
    mixes.month_start_date,
    segment.persona_code,
    count(*) as customers,
    sum(mixes.channels) as channels,
    count(*) filter (where mixes.channels > 1) as cross_channel_customers,
    sum(mixes.entropy) as entropy
from (
    select
        golden_customer_id,
        month_start_date,
        count(*) as channels,
        -- - sum p ln p of a customer's touches, added up in a fixed order
        round((ln(sum(touches)) - sum(touches * ln(touches::double precision) order by channel) / sum(touches))::numeric, 6) as entropy
    from (
        select
            touchpoints.golden_customer_id,
            date_trunc('month', touchpoints.occurred_date)::date as month_start_date,
            touchpoints.channel,
            count(*) as touches
        from [[fct_touchpoints]] as touchpoints
        left join {{ ref('channels') }} as channels on touchpoints.channel = channels.channel
        -- where somebody came from or spoke; pages inside the own site are no channel of their own
        where
            touchpoints.direction = 'inbound' and not touchpoints.is_bot and touchpoints.channel is not null
            and channels.channel_group is distinct from 'Owned site'
        group by 1, 2, 3
    ) as touched
    group by 1, 2
) as mixes
left join [[customer_persona]] as personas on mixes.golden_customer_id = personas.golden_customer_id
cross join lateral (values ('(all)'), (coalesce(personas.persona_code, '(none)'))) as segment (persona_code)
group by 1, 2
{%- endset %}

select
    month_start_date,
    persona_code,
    customers::bigint as customers,
    channels::bigint as channels,
    cross_channel_customers::bigint as cross_channel_customers,
    entropy::numeric(24, 6) as entropy
from {{ additive(
    keys=['month_start_date', 'persona_code'], sums=['customers', 'channels', 'cross_channel_customers', 'entropy'],
    facts=['fct_touchpoints', 'customer_persona'], contribution=contribution
) }} as cells
