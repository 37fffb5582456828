{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['stage_key', 'content_type']}],
) }}

{%- set contribution %}
with entries as materialized (
    select
        golden_customer_id,
        stage_key,
        entered_at,
        entered_by_touchpoint_id,
        date_trunc('month', entered_date)::date as entered_month,
        coalesce(
            lead(move) over (partition by golden_customer_id, episode_no order by seq_no) in ('forward', 'skip')
            and left_at <= entered_at + interval '{{ var("content_effect_days") }} days',
            false
        ) as is_advanced,
        row_number() over (partition by golden_customer_id order by entered_at, episode_no, seq_no) as entry_no
    from [[fct_stage_entries]] as stage_entries
),

contacts as materialized (
    select
        touchpoints.golden_customer_id,
        touchpoints.touchpoint_id,
        touchpoints.occurred_at,
        kinds.content_type
    from [[fct_touchpoints]] as touchpoints
    inner join {{ content_kinds('[[fct_touchpoints]]') }} as kinds
        on
            touchpoints.touchpoint_type = kinds.touchpoint_type
            and coalesce(touchpoints.content_id, '') = kinds.content_key
            and coalesce(touchpoints.channel, '') = kinds.channel_key
    where touchpoints.direction = 'inbound' and not touchpoints.is_bot
),

-- one line of time per customer: joining every contact with every entry would stall at a customer with many of both
located as (
    select
        golden_customer_id,
        content_type,
        max(entry_no) over (
            partition by golden_customer_id order by at, entry_no nulls last rows between unbounded preceding and current row
        ) as entry_no
    from (
        select
            golden_customer_id,
            entered_at as at,
            entry_no,
            null::text as content_type
        from entries
        union all
        select
            golden_customer_id,
            occurred_at,
            null,
            content_type
        from contacts
    ) as line
),

touched as (
    select
        golden_customer_id,
        entry_no,
        content_type
    from located
    where content_type is not null and entry_no is not null
    union
    -- what opened an entry is of that entry, even when the next one opened at the same moment
    select
        entries.golden_customer_id,
        entries.entry_no,
        contacts.content_type
    from entries
    inner join contacts
        on entries.golden_customer_id = contacts.golden_customer_id and entries.entered_by_touchpoint_id = contacts.touchpoint_id
)

select
    entries.entered_month,
    entries.stage_key,
    exposed.content_type,
    count(*) as entries,
    count(*) filter (where entries.is_advanced) as advanced_entries
from entries
inner join (
    -- every entry once for each type of content that was touched in it, and once for all: (any)
    select * from touched
    union all
    select distinct
        golden_customer_id,
        entry_no,
        '(any)'
    from touched
) as exposed on entries.golden_customer_id = exposed.golden_customer_id and entries.entry_no = exposed.entry_no
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
