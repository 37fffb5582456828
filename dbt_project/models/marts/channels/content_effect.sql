{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['stage_key', 'content_type']}],
) }}

{%- set contribution %}
select
    entered_month,
    stage_key,
    content_type,
    count(*) as entries,
    count(*) filter (where is_advanced) as advanced_entries
from (
    -- every entry once for each type of content that was touched in it, and once for all: (any)
    select distinct
        entries.golden_customer_id,
        entries.episode_no,
        entries.seq_no,
        entries.stage_key,
        date_trunc('month', entries.entered_date)::date as entered_month,
        entries.is_advanced,
        contents.content_type
    from (
        select
            stage_entries.*,
            coalesce(
                lead(stage_entries.move) over (
                    partition by stage_entries.golden_customer_id, stage_entries.episode_no order by stage_entries.seq_no
                ) in ('forward', 'skip')
                and stage_entries.left_at <= stage_entries.entered_at + interval '{{ var("content_effect_days") }} days',
                false
            ) as is_advanced
        from [[fct_stage_entries]] as stage_entries
    ) as entries
    inner join (
        select
            touchpoints.golden_customer_id,
            touchpoints.occurred_at,
            both_kinds.content_type
        from [[fct_touchpoints]] as touchpoints
        inner join {{ content_kinds('[[fct_touchpoints]]') }} as kinds
            on
                touchpoints.touchpoint_type = kinds.touchpoint_type
                and coalesce(touchpoints.content_id, '') = kinds.content_key
                and coalesce(touchpoints.channel, '') = kinds.channel_key
        cross join lateral (values (kinds.content_type), ('(any)')) as both_kinds (content_type)
        where touchpoints.direction = 'inbound' and not touchpoints.is_bot
    ) as contents
        on
            entries.golden_customer_id = contents.golden_customer_id
            and entries.entered_at <= contents.occurred_at
            and (entries.left_at is null or entries.left_at > contents.occurred_at or entries.entered_at = contents.occurred_at)
) as exposed
group by 1, 2, 3
{%- endset %}

with cells as (
    select * from {{ additive(
        keys=['entered_month', 'stage_key', 'content_type'], sums=['entries', 'advanced_entries'],
        facts=['fct_touchpoints', 'fct_stage_entries'], contribution=contribution
    ) }} as cells
),

compared as (
    select
        cells.*,
        everyone.entries - cells.entries as other_entries,
        everyone.advanced_entries - cells.advanced_entries as other_advanced_entries
    from cells
    left join cells as everyone
        on cells.entered_month = everyone.entered_month and cells.stage_key = everyone.stage_key and everyone.content_type = '(any)'
)

select
    entered_month,
    stage_key,
    content_type,
    entries::bigint as entries,
    advanced_entries::bigint as advanced_entries,
    case when content_type <> '(any)' then other_entries end::bigint as other_entries,
    case when content_type <> '(any)' then other_advanced_entries end::bigint as other_advanced_entries,
    round(advanced_entries / nullif(entries, 0), 6)::numeric(9, 6) as advance_rate,
    case when content_type <> '(any)' then round(other_advanced_entries / nullif(other_entries, 0), 6) end::numeric(9, 6) as other_advance_rate,
    case
        when content_type <> '(any)'
            then round((advanced_entries / nullif(entries, 0)) / nullif(other_advanced_entries / nullif(other_entries, 0), 0) - 1, 6)
    end::numeric(14, 6) as advance_lift,
    -- every entry of the month has had its days to go on
    entered_month + interval '1 month' + interval '{{ var("content_effect_days") }} days' <= '{{ var("export_date") }}'::date + 1 as is_complete
from compared
