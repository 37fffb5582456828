{{ config(meta={'publish': 'whole'}) }}

with cells as (
    select * from {{ ref('touchpoint_cell') }}
),

effects as (
    select
        channel,
        removal_effect
    from {{ ref('attribution_fit') }}
    where conversion_type = 'first_order'
),

types as (
    select
        cells.month_start_date,
        cells.touchpoint_type,
        sum(cells.touchpoints) as touchpoints,
        sum(cells.type_customers) as customers,
        -- of the channels that the type came through, by its touches there
        sum(cells.touchpoints * effects.removal_effect) / nullif(sum(cells.touchpoints) filter (where effects.channel is not null), 0)
            as removal_effect
    from cells
    left join effects on cells.channel = effects.channel
    group by 1, 2
),

-- how far below what is said elsewhere in the month people sound here; nobody is asked about less than ten messages
sentiments as (
    select
        month_start_date,
        touchpoint_type,
        case
            when scored_messages >= 10
                then greatest(
                    sum(sentiment_sum) over (partition by month_start_date) / nullif(sum(scored_messages) over (partition by month_start_date), 0)
                    - sentiment_sum / scored_messages, 0
                )
        end as sentiment_gap
    from {{ ref('touchpoint_sentiment_cell') }}
),

components as (
    select
        types.month_start_date,
        types.touchpoint_type,
        touchpoint_types.touchpoint_name,
        touchpoint_types.ownership,
        touchpoint_types.owner_department,
        types.touchpoints,
        types.customers,
        case when touchpoint_types.is_marketing_touch then types.removal_effect end as removal_effect,
        sentiments.sentiment_gap,
        fixability.fixability
    from types
    inner join {{ ref('touchpoint_types') }} as touchpoint_types on types.touchpoint_type = touchpoint_types.touchpoint_type
    left join {{ ref('ownership_fixability') }} as fixability on touchpoint_types.ownership = fixability.ownership
    left join sentiments on types.touchpoint_type = sentiments.touchpoint_type and types.month_start_date = sentiments.month_start_date
    where touchpoint_types.direction = 'inbound'
),

-- ranks as percentiles in (0, 1]; a component that is not known neither lifts nor sinks the score
ranked as (
    select
        components.*,
        cume_dist() over (partition by month_start_date order by customers) as reach_rank,
        case
            when removal_effect is not null
                then cume_dist() over (partition by month_start_date, removal_effect is null order by removal_effect)
        end as removal_effect_rank,
        case
            when sentiment_gap is not null
                then cume_dist() over (partition by month_start_date, sentiment_gap is null order by sentiment_gap)
        end as sentiment_gap_rank,
        case
            when fixability is not null then cume_dist() over (partition by month_start_date, fixability is null order by fixability)
        end as fixability_rank
    from components
),

scored as (
    select
        ranked.*,
        round((
            reach_rank * coalesce(removal_effect_rank, 0.5) * coalesce(sentiment_gap_rank, 0.5) * coalesce(fixability_rank, 0.5)
        )::numeric, 6) as priority_score
    from ranked
)

select
    month_start_date,
    touchpoint_type,
    touchpoint_name,
    ownership,
    owner_department,
    touchpoints::bigint as touchpoints,
    customers::bigint as customers,
    round(removal_effect, 6)::numeric(9, 6) as removal_effect,
    round(sentiment_gap, 4)::numeric(6, 4) as sentiment_gap,
    fixability::numeric(4, 2) as fixability,
    round(reach_rank::numeric, 6)::numeric(9, 6) as reach_rank,
    round(removal_effect_rank::numeric, 6)::numeric(9, 6) as removal_effect_rank,
    round(sentiment_gap_rank::numeric, 6)::numeric(9, 6) as sentiment_gap_rank,
    round(fixability_rank::numeric, 6)::numeric(9, 6) as fixability_rank,
    priority_score::numeric(9, 6) as priority_score,
    (rank() over (partition by month_start_date order by priority_score desc))::integer as priority_rank
from scored
