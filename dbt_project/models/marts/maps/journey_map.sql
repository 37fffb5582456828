{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['map_code', 'stage_order']}],
) }}

-- One cell per map, stage and lane: a text for people, a figure for charts, the n it stands on and the mart that holds the
-- evidence. Lanes that rest on the last twelve months say so; a cell of fewer than 10 customers keeps its place and says nothing.
with maps as (
    select
        maps.map_code,
        maps.map_version,
        maps.scope,
        maps.persona_code,
        maps.experience_kpi,
        maps.business_kpi,
        members.stage_key,
        members.step_no
    from {{ ref('map_definition') }} as maps
    inner join {{ ref('map_scope_stages') }} as members
        on maps.scope = members.scope and members.taxonomy_version = '{{ taxonomy_version() }}'
    where maps.is_latest_version
),

stages as (
    select * from {{ ref('dim_stages') }} where is_in_force
),

-- what happened in the scope, to the persona
happened as (
    select
        maps.map_code,
        cells.*,
        types.touchpoint_name,
        types.owner_department,
        types.ownership = 'third_party' or types.is_earned as is_of_others
    from (select distinct map_code, scope, persona_code from maps) as maps
    inner join {{ ref('map_touchpoint_cell') }} as cells
        on maps.scope = cells.scope and maps.persona_code in ('(all)', cells.persona_code)
    left join {{ ref('touchpoint_types') }} as types on cells.touchpoint_type = types.touchpoint_type
),

months as (
    select *
    from happened
    where period <> '(all)' and period::date > (({{ data_end() }})::date - interval '13 months')
),

-- whom a lane of touchpoints speaks of
people as (
    select
        map_code,
        stage_key,
        sum(customers) as customers
    from happened
    where period = '(all)'
    group by 1, 2
),

actions as (
    select
        map_code,
        stage_key,
        touchpoint_name,
        sum(touchpoints) as touchpoints,
        row_number() over (partition by map_code, stage_key order by sum(touchpoints) desc, touchpoint_name) as place,
        sum(sum(touchpoints)) over (partition by map_code, stage_key) as all_touchpoints
    from months
    group by 1, 2, 3
),

channels as (
    select
        months.map_code,
        months.stage_key,
        coalesce(names.channel_name, months.channel) as channel_name,
        sum(months.touchpoints) as touchpoints,
        row_number() over (
            partition by months.map_code, months.stage_key order by sum(months.touchpoints) desc, coalesce(names.channel_name, months.channel)
        ) as place,
        sum(sum(months.touchpoints)) over (partition by months.map_code, months.stage_key) as all_touchpoints
    from months
    left join {{ ref('channels') }} as names on months.channel = names.channel
    group by 1, 2, 3
),

owners as (
    select
        map_code,
        stage_key,
        owner_department,
        sum(touchpoints) as touchpoints,
        row_number() over (partition by map_code, stage_key order by sum(touchpoints) desc, owner_department) as place
    from months
    where owner_department is not null
    group by 1, 2, 3
),

others as (
    select
        map_code,
        stage_key,
        string_agg(distinct touchpoint_name, ', ' order by touchpoint_name) as names,
        sum(touchpoints) as touchpoints
    from months
    where is_of_others
    group by 1, 2
),

funnel as (
    select * from {{ ref('stage_funnel') }} where channel = '(all)' and cohort = '(all)'
),

times as (
    select distinct on (times.scope, times.from_stage)
        times.*,
        stages.stage_name as to_stage_name
    from {{ ref('time_between_stages') }} as times
    inner join stages on times.to_stage = stages.stage_key
    where times.cohort = '(all)'
    order by times.scope, times.from_stage, times.reached desc, times.to_stage
),

-- what was said in the scope, by the persona
said as (
    select
        maps.map_code,
        cells.*
    from (select distinct map_code, scope, persona_code from maps) as maps
    inner join {{ ref('map_message_cell') }} as cells
        on maps.scope = cells.scope and maps.persona_code in ('(all)', cells.persona_code)
),

-- the mean of the customers' means, and its standard error
emotions as (
    select
        map_code,
        stage_key,
        customers,
        mean_sum / scored_customers as mean_sentiment,
        sqrt(
            greatest(mean_square_sum - mean_sum * mean_sum / scored_customers, 0) / nullif(scored_customers - 1, 0) / scored_customers
        ) as standard_error
    from (
        select
            map_code,
            stage_key,
            sum(scored_customers) as customers,
            sum(scored_customers) as scored_customers,
            sum(mean_sum) as mean_sum,
            sum(mean_square_sum) as mean_square_sum
        from said
        where period = '(all)'
        group by 1, 2
    ) as summed
    where scored_customers > 0
),

-- messages about no topic are no pain point
pains as (
    select
        said.map_code,
        said.stage_key,
        topics.topic_name,
        sum(said.pain_messages) as pain_messages,
        sum(said.pain_customers) as pain_customers,
        row_number() over (
            partition by said.map_code, said.stage_key order by sum(said.pain_messages) desc, topics.topic_name
        ) as place
    from said
    inner join {{ ref('topics') }} as topics on said.topic = topics.topic
    where said.period <> '(all)' and said.period::date > (({{ data_end() }})::date - interval '13 months') and said.pain_messages > 0
    group by 1, 2, 3
),

-- one positive and one negative, each nearest to the middle of its kind in the stage; redacted where they were sampled
middles as (
    select
        stage_code,
        sentiment_class,
        percentile_cont(0.5) within group (order by sentiment) as middle
    from {{ ref('qual_sample') }}
    where sentiment_class in ('positive', 'negative') and not is_suppressed
    group by 1, 2
),

quotes as (
    select distinct on (samples.stage_code, samples.sentiment_class)
        samples.stage_code,
        samples.sentiment_class,
        samples.redacted_text
    from {{ ref('qual_sample') }} as samples
    inner join middles on samples.stage_code = middles.stage_code
    where
        samples.sentiment_class = middles.sentiment_class
        and not samples.is_suppressed
        and samples.redacted_text is not null
    order by samples.stage_code, samples.sentiment_class, abs(samples.sentiment - middles.middle), samples.touchpoint_id
),

next_steps as (
    select
        next_steps.stage_key,
        next_steps.persona_code,
        next_steps.n_from,
        next_steps.order_gain,
        stages.stage_name as next_stage_name
    from {{ ref('next_step') }} as next_steps
    inner join stages on next_steps.next_stage_key = stages.stage_key
    where next_steps.is_best_next_step and next_steps.channel = '(all)' and not next_steps.is_suppressed
),

kpis as (
    select distinct on (stage_key)
        stage_key,
        month,
        (
            select string_agg(
                kpi.key || ' ' || coalesce(round((kpi.value ->> 'value')::numeric, 4)::text, '–')
                || coalesce(' of ' || round((kpi.value ->> 'target')::numeric, 4)::text, ''), ', ' order by kpi.key
            )
            from jsonb_each(scorecard.kpis) as kpi
        ) as kpi_text,
        goals,
        goals_met
    from {{ ref('stage_scorecard') }} as scorecard
    where kpis is not null and is_complete
    order by stage_key, month desc
),

cells as (
    select map_code, map_version, stage_key, 'goal' as lane,
        expectations.customer_goal || coalesce('. Expects: ' || expectations.expectation, '') as cell_text,
        null::numeric as cell_value, null::numeric as cell_low, null::numeric as cell_high,
        null::bigint as n, null::text as n_of, 'authored' as period, 'map_definition' as evidence
    from maps
    inner join {{ ref('stage_expectations') }} as expectations
        using (stage_key)
    where expectations.taxonomy_version = '{{ taxonomy_version() }}'
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'actions',
        string_agg(actions.touchpoint_name, ', ' order by actions.place), null, null, null,
        max(actions.all_touchpoints)::bigint, 'touchpoints', 'last 12 months', 'map_touchpoint_cell'
    from maps
    inner join actions on maps.map_code = actions.map_code and maps.stage_key = actions.stage_key and actions.place <= 3
    group by 1, 2, 3
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'channels',
        string_agg(
            channels.channel_name || ' ' || round(100 * channels.touchpoints / channels.all_touchpoints) || ' %', ', ' order by channels.place
        ), null, null, null,
        max(channels.all_touchpoints)::bigint, 'touchpoints', 'last 12 months', 'map_touchpoint_cell'
    from maps
    inner join channels on maps.map_code = channels.map_code and maps.stage_key = channels.stage_key and channels.place <= 3
    group by 1, 2, 3
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'volume',
        funnel.step_name || ': ' || funnel.customers || ' customers, '
        || coalesce(round(100 * funnel.step_rate, 1) || ' % of the step before', 'too young for a rate')
        || ', ' || funnel.open_customers || ' open',
        funnel.step_rate, null, null, funnel.customers, 'customers', 'all cohorts', 'stage_funnel'
    from maps
    inner join funnel on maps.scope = funnel.scope and maps.step_no = funnel.step_no and maps.persona_code = funnel.persona_code
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'time',
        'median ' || round(times.median_hours, 1) || ' h, nine of ten within ' || coalesce(round(times.p90_hours, 1) || ' h', 'more than was observed')
        || ' to ' || times.to_stage_name,
        times.median_hours, null, times.p90_hours, times.reached, 'episodes', 'all cohorts', 'time_between_stages'
    from maps
    inner join times on maps.scope = times.scope and maps.stage_key = times.from_stage and times.median_hours is not null
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'emotion',
        round(5.5 + 4.5 * emotions.mean_sentiment, 1) || ' of 10',
        round(5.5 + 4.5 * emotions.mean_sentiment, 2),
        round(5.5 + 4.5 * greatest(emotions.mean_sentiment - 1.96 * emotions.standard_error, -1), 4),
        round(5.5 + 4.5 * least(emotions.mean_sentiment + 1.96 * emotions.standard_error, 1), 4),
        emotions.customers::bigint, 'customers', 'all weeks', 'map_message_cell'
    from maps
    inner join emotions on maps.map_code = emotions.map_code and maps.stage_key = emotions.stage_key
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'pain_points',
        string_agg(pains.topic_name || ' (' || pains.pain_messages || ')', ', ' order by pains.place), null, null, null,
        sum(pains.pain_customers)::bigint, 'customers', 'last 12 months', 'map_message_cell'
    from maps
    inner join pains on maps.map_code = pains.map_code and maps.stage_key = pains.stage_key and pains.place <= 3
    group by 1, 2, 3
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'quotes',
        string_agg('“' || left(quotes.redacted_text, 160) || '”', ' ' order by quotes.sentiment_class desc), null, null, null,
        count(*), 'messages', 'last 8 weeks', 'qual_sample'
    from maps
    inner join stages on maps.stage_key = stages.stage_key
    inner join quotes on stages.stage_code = quotes.stage_code
    group by 1, 2, 3
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'opportunity',
        chances.lost_customers || ' customers lost'
        || coalesce(', worth ' || round(nullif(greatest(chances.opportunity_reporting_amount, 0), 0)) || ' {{ var("reporting_currency") }}', '')
        || coalesce('; best next step: ' || next_steps.next_stage_name, ''),
        chances.opportunity_reporting_amount, null, null, chances.lost_customers, 'customers', 'as of the last day', 'opportunity'
    from maps
    inner join {{ ref('opportunity') }} as chances on maps.stage_key = chances.stage_key and maps.persona_code = chances.persona_code
    left join next_steps on maps.stage_key = next_steps.stage_key and maps.persona_code = next_steps.persona_code
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'owner', owners.owner_department, null, null, null,
        owners.touchpoints::bigint, 'touchpoints', 'last 12 months', 'map_touchpoint_cell'
    from maps
    inner join owners on maps.map_code = owners.map_code and maps.stage_key = owners.stage_key and owners.place = 1
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'kpis', kpis.kpi_text, kpis.goals_met, null, kpis.goals,
        null, null, to_char(kpis.month, 'YYYY-MM'), 'stage_scorecard'
    from maps
    inner join kpis on maps.stage_key = kpis.stage_key
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'other_parties', others.names, null, null, null,
        others.touchpoints::bigint, 'touchpoints', 'last 12 months', 'map_touchpoint_cell'
    from maps
    inner join others on maps.map_code = others.map_code and maps.stage_key = others.stage_key
    union all
    select maps.map_code, maps.map_version, maps.stage_key, 'storyboard',
        stages.stage_name || ' is mostly ' || lower(actions.touchpoint_name) || coalesce(', by way of ' || channels.channel_name, '')
        || coalesce('; what hurts is ' || lower(pains.topic_name), '') || '.',
        null, null, null, actions.all_touchpoints::bigint, 'touchpoints', 'last 12 months', 'journey_map'
    from maps
    inner join stages on maps.stage_key = stages.stage_key
    inner join actions on maps.map_code = actions.map_code and maps.stage_key = actions.stage_key and actions.place = 1
    left join channels on maps.map_code = channels.map_code and maps.stage_key = channels.stage_key and channels.place = 1
    left join pains on maps.map_code = pains.map_code and maps.stage_key = pains.stage_key and pains.place = 1
),

lanes (lane, lane_order) as (
    values ('goal', 1), ('actions', 2), ('channels', 3), ('volume', 4), ('time', 5), ('emotion', 6), ('pain_points', 7),
    ('quotes', 8), ('opportunity', 9), ('owner', 10), ('kpis', 11), ('other_parties', 12), ('storyboard', 13)
)

select
    maps.map_code,
    maps.map_version,
    maps.stage_key,
    lanes.lane,
    maps.scope,
    maps.persona_code,
    stages.stage_order,
    stages.stage_name,
    stages.macro_stage,
    stages.family,
    lanes.lane_order,
    case when not suppressed.yes then cells.cell_text end as cell_text,
    case when not suppressed.yes then cells.cell_value end::numeric(18, 4) as cell_value,
    case when not suppressed.yes then cells.cell_low end::numeric(18, 4) as cell_low,
    case when not suppressed.yes then cells.cell_high end::numeric(18, 4) as cell_high,
    case when not suppressed.yes then cells.n end as n,
    cells.n_of,
    cells.period,
    cells.evidence,
    suppressed.yes as is_suppressed
from maps
cross join lanes
inner join stages on maps.stage_key = stages.stage_key
left join cells
    on
        maps.map_code = cells.map_code
        and maps.map_version = cells.map_version
        and maps.stage_key = cells.stage_key
        and lanes.lane = cells.lane
left join people on maps.map_code = people.map_code and maps.stage_key = people.stage_key
cross join lateral (
    select coalesce(cells.n_of = 'customers' and cells.n < 10 or cells.n_of = 'touchpoints' and people.customers < 10, false) as yes
) as suppressed
