{{ config(meta={'publish': 'whole', 'person_level': true}) }}

-- What happened in a scope: touchpoints by type, channel and month, and how many customers a stage has in it at all. Scopes are
-- decided once per episode, and a touchpoint is counted under its episode's set of them before the sets are taken apart.
{% set contribution %}
with episodes as materialized (
    {{ episode_scopes() }}
),

scope_stages as (
    select
        scope,
        stage_key
    from {{ ref('map_scope_stages') }}
    where taxonomy_version = '{{ taxonomy_version() }}'
),

counted as (
    select
        episodes.scopes,
        episodes.persona_code,
        touchpoints.stage_key,
        touchpoints.touchpoint_type,
        coalesce(touchpoints.channel, '(unknown)') as channel,
        date_trunc('month', touchpoints.occurred_date::timestamp) as month,
        count(*) as touchpoints
    from [[fct_touchpoints]] as touchpoints
    inner join episodes
        on touchpoints.golden_customer_id = episodes.golden_customer_id and touchpoints.episode_no = episodes.episode_no
    where touchpoints.stage_key is not null
    group by 1, 2, 3, 4, 5, 6
),

-- apart from the scopes on purpose: joined with their stages first, several times as many rows would be sorted
entered as materialized (
    select
        entries.golden_customer_id,
        episodes.scopes,
        episodes.persona_code,
        entries.stage_key,
        sum(entries.touchpoint_count) as touchpoints
    from [[fct_stage_entries]] as entries
    inner join episodes on entries.golden_customer_id = episodes.golden_customer_id and entries.episode_no = episodes.episode_no
    group by 1, 2, 3, 4
)

select
    scope_stages.scope,
    counted.persona_code,
    counted.stage_key,
    counted.touchpoint_type,
    counted.channel,
    to_char(counted.month, 'YYYY-MM-01') as period,
    sum(counted.touchpoints) as touchpoints,
    0 as customers
from counted
inner join scope_stages on counted.stage_key = scope_stages.stage_key and scope_stages.scope = any(counted.scopes)
group by 1, 2, 3, 4, 5, 6
union all
select
    scope,
    persona_code,
    stage_key,
    '(all)',
    '(all)',
    '(all)',
    sum(touchpoints),
    count(*)
from (
    -- a customer is one, however many of its episodes lie in the scope
    select
        scope_stages.scope,
        entered.persona_code,
        entered.stage_key,
        entered.golden_customer_id,
        sum(entered.touchpoints) as touchpoints
    from entered
    inner join scope_stages on entered.stage_key = scope_stages.stage_key and scope_stages.scope = any(entered.scopes)
    group by 1, 2, 3, 4
) as customers
group by 1, 2, 3
{% endset %}

select
    scope,
    persona_code,
    stage_key,
    touchpoint_type,
    channel,
    period,
    touchpoints::bigint as touchpoints,
    case when period = '(all)' then customers::bigint end as customers
from {{ additive(
    keys=['scope', 'persona_code', 'stage_key', 'touchpoint_type', 'channel', 'period'],
    sums=['touchpoints', 'customers'],
    facts=['fct_touchpoints', 'fct_stage_entries'] + scope_facts(),
    contribution=contribution,
) }} as cells
