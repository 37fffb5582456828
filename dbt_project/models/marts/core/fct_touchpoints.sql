{{ config(
    meta={'publish': 'customer'},
    indexes=[
        {'columns': ['golden_customer_id', 'occurred_at']},
        {'columns': ['occurred_date', 'touchpoint_type']},
        {'columns': ['stage_key', 'occurred_date']},
        {'columns': ['order_id']},
    ],
    pre_hook='{{ require_stage_rules() }}',
    post_hook='analyze {{ this }}',
) }}

{%- set platforms = rule_platforms() -%}
{%- set by_sentiment = rules_ask_for_sentiment() -%}
with records as (
    select * from {{ affected() }} where not is_internal
),

orders as (
    select * from {{ ref('int_orders_numbered') }}
),

-- platforms quote an order by its name or by the shop's internal id
order_references as (
    select
        orders.golden_customer_id,
        reference.quoted_order_id,
        orders.order_id,
        orders.ordered_at,
        orders.customer_order_no
    from orders
    cross join lateral (values (orders.order_id), (orders.alternate_order_id)) as reference (quoted_order_id)
    where reference.quoted_order_id is not null
),

-- one customer's events; an order counts only if it is this customer's own, so that the row depends on nobody else
events as (
    select
        records.golden_customer_id,
        records.golden_customer_id_first,
        touchpoints.*,
        types.medium,
        types.direction,
        types.ownership,
        types.is_exposure,
        types.is_earned,
        types.is_marketing_touch,
        types.is_visit,
        types.is_delivery,
        order_references.order_id as own_order_id,
        order_references.ordered_at as own_order_ordered_at,
        order_references.customer_order_no,
        case
            when order_references.order_id is null then 'none'
            when order_references.customer_order_no = 1 then 'first'
            when order_references.customer_order_no > 1 then 'repeat'
            else 'not_counted'
        end as order_class
    from records
    inner join {{ ref('int_touchpoints') }} as touchpoints on records.source_record_key = touchpoints.source_record_key
    left join {{ ref('touchpoint_types') }} as types on touchpoints.touchpoint_type = types.touchpoint_type
    left join order_references
        on records.golden_customer_id = order_references.golden_customer_id and touchpoints.order_id = order_references.quoted_order_id
    where not touchpoints.is_deleted
),

-- visits and deliveries so far
sequenced as (
    select
        events.*,
        row_number() over so_far as touchpoint_no,
        coalesce(is_visit, false) and coalesce(
            occurred_at - max(occurred_at) filter (where is_visit) over before_this > interval '{{ var("visit_gap_minutes") }} minutes',
            true
        ) as is_new_visit,
        coalesce(bool_or(is_delivery) over before_this, false) as is_delivered,
        -- more than a person can do: whoever acts so often every day, from the first day to the last
        count(*) filter (where direction = 'inbound') over customer >= {{ var('bot_min_touchpoints') }}
        and count(*) filter (where direction = 'inbound') over customer > {{ var('bot_touchpoints_per_day') }}
        * (1 + extract(epoch from max(occurred_at) over customer - min(occurred_at) over customer) / 86400) as is_suspected_bot
    from events
    window
        customer as (partition by golden_customer_id),
        so_far as (partition by golden_customer_id order by occurred_at, source_priority, touchpoint_id),
        before_this as (
            partition by golden_customer_id order by occurred_at, source_priority, touchpoint_id
            rows between unbounded preceding and 1 preceding
        )
),

visited as (
    select
        sequenced.*,
        sequenced.is_bot or sequenced.is_suspected_bot as is_automatic,
        (count(*) filter (where is_new_visit) over (
            partition by golden_customer_id order by occurred_at, source_priority, touchpoint_id
            rows between unbounded preceding and current row
        ))::integer as visit_no
    from sequenced
),

staged as (
    select
        visited.*,
        resolved.rule_priority,
        case when not visited.is_automatic then resolved.stage_key end as stage_key,
        case when not visited.is_automatic then resolved.stage_code end as stage_code,
        case when not visited.is_automatic then resolved.sub_stage end as sub_stage,
        case when not visited.is_automatic then resolved.macro_stage end as macro_stage,
        case when not visited.is_automatic then resolved.family end as family,
        -- what follows an order (payment, parcel, refund, ticket about it) belongs to that order's cycle
        coalesce(visited.occurred_at > visited.own_order_ordered_at, false) as follows_order,
        coalesce(resolved.opens_episode, false) and not visited.is_automatic
        and not coalesce(visited.occurred_at > visited.own_order_ordered_at, false) as is_opener
    from visited
    left join {{ rule_sentiments(by_sentiment) }} as scores on visited.touchpoint_id = scores.touchpoint_id
    left join {{ ref('int_stages_resolved') }} as resolved
        on
            visited.touchpoint_type = resolved.touchpoint_type
            {%- if platforms %}
            and {{ rule_platform('visited', platforms) }} = resolved.platform
            {%- endif %}
            and ({{ 'false' if by_sentiment else 'true' }} or resolved.sentiment in ('(any)', coalesce(scores.sentiment_class, 'unknown')))
            and coalesce(visited.intent, 'unknown') = resolved.intent
            and visited.order_class = resolved.order_class
            and case when visited.visit_no <= 1 then 'first' else 'later' end = resolved.visit_class
            and visited.is_delivered = resolved.is_delivered
            and (visited.campaign is not null) = resolved.has_campaign
),

-- the customer's clock: touchpoints, and between them the moments when an order begins and ends its cycle
clock as (
    select
        golden_customer_id,
        occurred_at,
        0 as kind,
        source_priority,
        touchpoint_id,
        null::text as order_id,
        is_opener,
        stage_key is not null as is_staged,
        false as is_cycle
    from staged
    union all
    select
        orders.golden_customer_id,
        case when moment.kind = 1 then orders.ordered_at else orders.cycle_closed_at end,
        moment.kind,
        0::smallint,
        null::uuid,
        orders.order_id,
        false,
        false,
        orders.is_paid and not orders.is_test
    from orders
    cross join (values (1), (2)) as moment (kind)
),

counted as (
    select
        clock.*,
        count(*) filter (where kind = 1 and is_cycle) over so_far as cycles_begun,
        count(*) filter (where kind = 2 and is_cycle) over so_far as cycles_ended,
        coalesce(is_staged and occurred_at - max(occurred_at) filter (where is_staged) over before_this
            > interval '{{ var("episode_silence_days") }} days', false) as ends_silence
    from clock
    window
        so_far as (
            partition by golden_customer_id order by occurred_at, kind, source_priority, touchpoint_id, order_id
            rows between unbounded preceding and current row
        ),
        before_this as (
            partition by golden_customer_id order by occurred_at, kind, source_priority, touchpoint_id, order_id
            rows between unbounded preceding and 1 preceding
        )
),

silences as (
    select
        counted.*,
        count(*) filter (where ends_silence) over so_far as silences_ended
    from counted
    window
        so_far as (
            partition by golden_customer_id order by occurred_at, kind, source_priority, touchpoint_id, order_id
            rows between unbounded preceding and current row
        )
),

boundaries as (
    select
        silences.*,
        is_opener and (
            (
                cycles_begun = cycles_ended
                and cycles_ended > coalesce(
                    max(cycles_ended) filter (where is_opener and cycles_begun = cycles_ended) over before_this, 0
                )
            )
            or silences_ended > coalesce(max(silences_ended) filter (where is_opener) over before_this, 0)
        ) as is_boundary
    from silences
    window
        before_this as (
            partition by golden_customer_id order by occurred_at, kind, source_priority, touchpoint_id, order_id
            rows between unbounded preceding and 1 preceding
        )
),

running as (
    select
        golden_customer_id,
        touchpoint_id,
        order_id,
        kind,
        (1 + count(*) filter (where is_boundary) over (
            partition by golden_customer_id order by occurred_at, kind, source_priority, touchpoint_id, order_id
            rows between unbounded preceding and current row
        ))::integer as episode_no
    from boundaries
),

-- Joined by one key each: with two, Postgres multiplies their selectivities, expects a row or two and loops over everything.
order_episodes as (
    select
        order_id,
        episode_no
    from running
    where kind = 1
),

-- What follows an order is joined by itself first: in an outer join every touchpoint without an order would be kept under the
-- same missing key, in one place of the hash table that no memory bounds.
followers as (
    select
        staged.touchpoint_id,
        order_episodes.episode_no
    from staged
    inner join order_episodes on staged.own_order_id = order_episodes.order_id
    where staged.follows_order
),

episodes as (
    select
        running.touchpoint_id,
        coalesce(followers.episode_no, running.episode_no) as episode_no
    from running
    left join followers on running.touchpoint_id = followers.touchpoint_id
    where running.kind = 0
),

final as (
    select
        staged.touchpoint_id,
        staged.golden_customer_id,
        staged.golden_customer_id_first,
        staged.source_record_key,
        staged.source_platform,
        staged.source_object,
        staged.source_event_id,
        staged.touchpoint_type,
        staged.occurred_at,
        {{ local_date('staged.occurred_at') }} as occurred_date,
        extract(hour from staged.occurred_at at time zone '{{ var("reporting_timezone") }}')::smallint as occurred_hour,
        staged.touchpoint_no::integer as touchpoint_no,
        case when staged.is_visit then staged.visit_no end as visit_no,
        staged.is_new_visit as is_visit_start,
        -- a visit that begins without a campaign or an outside referrer was typed in or bookmarked
        case when staged.is_new_visit and staged.channel = 'web_site' then 'direct' else staged.channel end as channel,
        staged.campaign,
        staged.content_id,
        coalesce(staged.own_order_id, staged.order_id) as order_id,
        staged.ticket_id,
        staged.customer_order_no,
        staged.intent,
        staged.value_amount,
        staged.currency_code,
        staged.medium,
        staged.direction,
        staged.ownership,
        staged.is_exposure,
        staged.is_earned,
        staged.is_marketing_touch,
        staged.is_automatic as is_bot,
        staged.is_suspected_bot,
        '{{ taxonomy_version() }}'::text as taxonomy_version,
        staged.rule_priority,
        staged.stage_key,
        staged.stage_code,
        staged.sub_stage,
        staged.macro_stage,
        staged.family,
        episodes.episode_no,
        staged.source_priority,
        extra.x_columns
    from staged
    inner join episodes on staged.touchpoint_id = episodes.touchpoint_id
    left join {{ x_columns('fct_touchpoints') }} as extra on staged.touchpoint_id = extra.entity_id::uuid
)

select * from final
