{{ config(meta={'publish': 'whole'}) }}

select
    s.scope,
    s.scope_name,
    s.question,
    s.episodes,
    s.needs_order,
    s.only_identified,
    s.only_country,
    s.only_first_channel,
    s.only_persona,
    s.only_from,
    s.only_until,
    s.unit as funnel_unit,
    ceil(extract(epoch from s.funnel_window) / 86400)::integer as window_days,
    s.optimised_reentry,
    s.is_strict,
    s.excluded_stage_keys,
    s.hold_constant,
    '{{ taxonomy_version() }}'::text as taxonomy_version,
    (
        select array_agg(stages.stage_key order by stages.stage_order, stages.stage_key)
        from {{ ref('map_scope_stages') }} as members
        inner join {{ ref('stages') }} as stages
            on members.stage_key = stages.stage_key and members.taxonomy_version = stages.taxonomy_version
        where members.scope = s.scope and members.taxonomy_version = '{{ taxonomy_version() }}'
    ) as stage_keys
from {{ scope_options() }} as s
