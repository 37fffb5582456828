{{ config(meta={'publish': 'whole'}) }}

{% set contribution %}
select
    audience_code,
    entered_week,
    count(*) as members,
    count(*) filter (where left_by = 'event') as left_by_event,
    count(outcome_at) as outcomes
from [[fct_audience_periods]] as periods
group by 1, 2
{% endset %}

select
    cells.audience_code,
    cells.entered_week,
    cells.members::bigint as members,
    cells.left_by_event::bigint as left_by_event,
    cells.outcomes::bigint as outcomes,
    round(cells.outcomes / nullif(cells.members, 0), 6)::numeric(9, 6) as outcome_rate,
    cells.entered_week + 6 + audiences.outcome_days <= '{{ var("export_date") }}'::date as is_complete,
    cells.entered_week > '{{ var("export_date") }}'::date as is_ahead
from {{ additive(
    keys=['audience_code', 'entered_week'],
    sums=['members', 'left_by_event', 'outcomes'],
    facts=['fct_audience_periods'],
    contribution=contribution,
) }} as cells
inner join {{ ref('dim_audiences') }} as audiences on cells.audience_code = audiences.audience_code
