{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
select
    p.scope,
    pairs.from_stage,
    pairs.to_stage,
    date_trunc('month', {{ local_date('t.from_at') }})::date as cohort_month,
    case
        when t.to_at is not null then 'reached'
        when p.end_node = '(open)' then 'open'
        else 'ended'
    end as state,
    -- an open one is censored at the end of the data, so its day is kept; a time is kept as a bin
    case
        when t.to_at is null and p.end_node = '(open)' then {{ local_date('t.from_at') }}
        else date_trunc('month', {{ local_date('t.from_at') }})::date
    end as from_date,
    case when t.to_at is not null then {{ time_bin('t.from_at', 't.to_at') }} else -1 end as hours_bin,
    count(*)::bigint as episodes
from [[fct_paths]] as p
inner join {{ ref('stage_pairs') }} as pairs
    on p.scope = pairs.scope and pairs.taxonomy_version = '{{ taxonomy_version() }}'
cross join lateral (select array_position(p.stages, pairs.from_stage) as from_position) as a
cross join lateral (select array_position(p.stages, pairs.to_stage, a.from_position + 1) as to_position) as b
cross join lateral (select p.entered_at[a.from_position] as from_at, p.entered_at[b.to_position] as to_at) as t
where a.from_position is not null
group by 1, 2, 3, 4, 5, 6, 7
{% endset %}

select
    scope,
    from_stage,
    to_stage,
    cohort_month,
    state,
    from_date,
    hours_bin,
    episodes::bigint as episodes
from {{ additive(
    keys=['scope', 'from_stage', 'to_stage', 'cohort_month', 'state', 'from_date', 'hours_bin'],
    sums=['episodes'],
    facts=['fct_paths'],
    contribution=contribution,
) }} as cells
