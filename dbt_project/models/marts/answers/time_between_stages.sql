{{ config(meta={'publish': 'whole'}, indexes=[{'columns': ['scope', 'cohort']}]) }}

with cells as (
    select
        scope,
        from_stage,
        to_stage,
        cohort,
        state,
        -- an open one leaves at the end of the data
        case
            when state = 'open'
                then {{ time_bin('from_date::timestamptz', "('" ~ var('export_date') ~ "'::date + 1)::timestamptz") }}
            else hours_bin
        end as hours_bin,
        episodes
    from {{ ref('stage_time_cell') }}
    cross join lateral (values (to_char(cohort_month, 'YYYY-MM')), ('(all)')) as cohorts (cohort)
),

counts as (
    select
        scope,
        from_stage,
        to_stage,
        cohort,
        sum(episodes)::bigint as episodes,
        coalesce(sum(episodes) filter (where state = 'reached'), 0)::bigint as reached,
        coalesce(sum(episodes) filter (where state = 'open'), 0)::bigint as open_episodes,
        coalesce(sum(episodes) filter (where state = 'ended'), 0)::bigint as ended
    from cells
    group by 1, 2, 3, 4
),

curve as (
    {{ survival_curve("select * from cells where state in ('reached', 'open')", ['scope', 'from_stage', 'to_stage', 'cohort']) }}
),

quantiles as (
    select
        scope,
        from_stage,
        to_stage,
        cohort,
        min(hours_bin) filter (where 2 * reached_so_far >= reached_total) as median_bin,
        min(hours_bin) filter (where 10 * reached_so_far >= 9 * reached_total) as p90_bin,
        min(hours_bin) filter (where survival <= 0.5 + 1e-9) as km_median_bin,
        min(hours_bin) filter (where survival <= 0.1 + 1e-9) as km_p90_bin
    from curve
    group by 1, 2, 3, 4
),

decided as (
    select
        counts.*,
        counts.open_episodes > 0.2 * (counts.reached + counts.open_episodes) as is_kaplan_meier,
        quantiles.median_bin,
        quantiles.p90_bin,
        quantiles.km_median_bin,
        quantiles.km_p90_bin
    from counts
    left join quantiles
        on
            counts.scope = quantiles.scope
            and counts.from_stage = quantiles.from_stage
            and counts.to_stage = quantiles.to_stage
            and counts.cohort = quantiles.cohort
)

select
    scope,
    from_stage,
    to_stage,
    cohort,
    to_date(nullif(cohort, '(all)'), 'YYYY-MM') as cohort_month,
    episodes,
    reached,
    open_episodes,
    ended,
    round(open_episodes::numeric / nullif(reached + open_episodes, 0), 6)::numeric(9, 6) as open_share,
    is_kaplan_meier,
    round({{ bin_hours('case when is_kaplan_meier then km_median_bin else median_bin end') }}, 2)::numeric(14, 2) as median_hours,
    round({{ bin_hours('case when is_kaplan_meier then km_p90_bin else p90_bin end') }}, 2)::numeric(14, 2) as p90_hours,
    '{{ taxonomy_version() }}'::text as taxonomy_version
from decided
