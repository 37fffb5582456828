{{ config(
    meta={'publish': 'customer'},
    indexes=[{'columns': ['scope', 'entered_at']}],
    post_hook='analyze {{ this }}',
) }}

with scopes as materialized (
    select * from {{ scope_options() }} as s
),

-- every stage that a scope's funnel looks at: its steps, and what stands in the way
scope_stages as materialized (
    select
        scopes.*,
        stages.stage_key,
        steps.step_no,
        stages.stage_key = any(scopes.excluded_stage_keys) as is_excluded
    from scopes
    cross join {{ ref('stages') }} as stages
    left join {{ ref('map_scope_stages') }} as steps
        on
            scopes.scope = steps.scope
            and stages.stage_key = steps.stage_key
            and stages.taxonomy_version = steps.taxonomy_version
            and steps.step_no is not null
    where
        stages.taxonomy_version = '{{ taxonomy_version() }}'
        and (steps.step_no is not null or scopes.is_strict or stages.stage_key = any(scopes.excluded_stage_keys))
),

steps as materialized (
    select
        scope,
        step_no,
        min(step_window) as step_window
    from {{ ref('map_scope_stages') }}
    where taxonomy_version = '{{ taxonomy_version() }}' and step_no is not null
    group by 1, 2
),

customers as materialized (
    {{ scope_customers() }}
),

events as materialized (
    select
        touchpoints.golden_customer_id,
        scope_stages.scope,
        case when scope_stages.unit = 'episode' then touchpoints.episode_no else 0 end as unit_no,
        case scope_stages.hold_constant
            when 'campaign' then touchpoints.campaign
            when 'content' then touchpoints.content_id
            else ''
        end as held,
        scope_stages.step_no,
        scope_stages.is_excluded,
        touchpoints.occurred_at,
        touchpoints.source_priority,
        touchpoints.touchpoint_id as event_id,
        touchpoints.touchpoint_no as event_no
    from {{ ref('fct_touchpoints') }} as touchpoints
    inner join customers on touchpoints.golden_customer_id = customers.golden_customer_id
    inner join scope_stages on touchpoints.stage_key = scope_stages.stage_key
    where
        {{ in_scope('scope_stages', 'customers', 'touchpoints.episode_no') }}
),

reached as (
    select * from {{ funnel('events', 'scopes', 'steps', ['golden_customer_id', 'unit_no']) }} as f
)

select
    golden_customer_id,
    scope,
    unit_no,
    step_no,
    entered_at,
    reached_at,
    round(extract(epoch from reached_at - previous_reached_at) / 3600.0, 4)::numeric(14, 4) as hours_from_previous_step,
    -- events at equal times may count in step order, against the order of the stream
    greatest(events_before, 0)::integer as touchpoints_before,
    event_id as touchpoint_id
from reached
