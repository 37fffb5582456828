-- Nobody leaves a stage that nobody entered, and the personas make up all: exactly, where none is too small to be shown.
select
    population_date,
    stage_key
from {{ ref('stage_population') }}
group by 1, 2
having
    min(customers) < 0
    or coalesce(sum(customers) filter (where persona_code = '(all)'), 0)
    - coalesce(sum(customers) filter (where persona_code <> '(all)'), 0)
    not between count(*) filter (where is_suppressed) and 9 * count(*) filter (where is_suppressed)
