{{ config(meta={'publish': 'whole', 'person_level': true}, indexes=[{'columns': ['persona_code']}]) }}

{% set contribution %}
with stages as (
    select
        stage_key,
        path_rank
    from {{ ref('stages') }}
    where taxonomy_version = '{{ taxonomy_version() }}'
),

entries as (
    select
        e.golden_customer_id,
        e.episode_no,
        e.seq_no,
        e.stage_key,
        e.entered_at,
        e.entered_date,
        e.entered_by_touchpoint_id,
        row_number() over (partition by e.golden_customer_id, e.episode_no, e.stage_key order by e.seq_no) as entry_no,
        coalesce(
            max(stages.path_rank) over (
                partition by e.golden_customer_id, e.episode_no order by e.seq_no desc rows between unbounded preceding and 1 preceding
            ) > coalesce(stages.path_rank, 0), false
        ) as is_advanced
    from [[fct_stage_entries]] as e
    inner join stages on e.stage_key = stages.stage_key
),

-- the first time in each purchase cycle, and what the customer paid since: one join by customer, so that planning with a
-- wrong guess of how many entries there are costs nothing that multiplies
firsts as (
    select
        entries.entered_by_touchpoint_id,
        entries.stage_key,
        entries.golden_customer_id,
        entries.entered_date,
        entries.is_advanced,
        coalesce(sum(o.total_reporting_amount - o.refunded_reporting_amount), 0) as amount
    from entries
    left join [[fct_orders]] as o
        on
            entries.golden_customer_id = o.golden_customer_id
            and o.is_counted
            and o.ordered_at >= entries.entered_at
            and o.ordered_at < entries.entered_at + interval '{{ var("opportunity_days") }} days'
    where entries.entry_no = 1
    group by 1, 2, 3, 4, 5
),

personas as (
    select
        golden_customer_id,
        persona_code
    from [[customer_persona]] as p
),

parts as (
    select
        firsts.stage_key,
        firsts.golden_customer_id,
        date_trunc('month', firsts.entered_date)::date as month,
        firsts.is_advanced::integer as advanced,
        case when firsts.is_advanced then firsts.amount else 0 end as advanced_amount,
        (not firsts.is_advanced)::integer as stayed,
        case when firsts.is_advanced then 0 else firsts.amount end as stayed_amount,
        0 as lost
    from firsts
    union all
    select
        j.current_stage_key,
        j.golden_customer_id,
        date_trunc('month', j.started_date)::date,
        0,
        0,
        0,
        0,
        1
    from [[fct_journeys]] as j
    where j.is_latest_episode and j.outcome = 'dropped_off' and j.current_stage_key is not null
)

select
    parts.stage_key,
    coalesce(personas.persona_code, 'unknown') as persona_code,
    parts.month,
    sum(parts.advanced) as advanced,
    sum(parts.advanced_amount) as advanced_amount,
    sum(parts.stayed) as stayed,
    sum(parts.stayed_amount) as stayed_amount,
    sum(parts.lost) as lost
from parts
left join personas on parts.golden_customer_id = personas.golden_customer_id
group by 1, 2, 3
{% endset %}

select
    stage_key,
    persona_code,
    month,
    advanced::bigint as advanced,
    advanced_amount::numeric(24, 2) as advanced_amount,
    stayed::bigint as stayed,
    stayed_amount::numeric(24, 2) as stayed_amount,
    lost::bigint as lost
from {{ additive(
    keys=['stage_key', 'persona_code', 'month'],
    sums=['advanced', 'advanced_amount', 'stayed', 'stayed_amount', 'lost'],
    facts=['fct_stage_entries', 'fct_journeys', 'fct_orders', 'customer_persona'],
    contribution=contribution,
) }} as cells
