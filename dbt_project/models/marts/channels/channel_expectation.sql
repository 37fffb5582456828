{{ config(materialized='view', meta={'publish': 'view'}) }}

with summed as (
    select
        cells.*,
        sum(cells.messages) over (partition by cells.month_start_date) as messages_of_month,
        sum(cells.messages) over (partition by cells.month_start_date, cells.channel) as messages_of_channel,
        sum(cells.messages) over (partition by cells.month_start_date, cells.channel, cells.stage_key, cells.intent) as messages_of_context,
        sum(cells.messages) filter (where cells.answered_within <> 'unanswered') over (
            partition by cells.month_start_date, cells.channel, cells.stage_key, cells.intent
        ) as answered_of_context
    from {{ ref('channel_expectation_cell') }} as cells
)

select
    month_start_date,
    channel,
    stage_key,
    intent,
    answered_within,
    messages,
    silent_messages,
    answered_elsewhere_messages,
    round(messages_of_channel / nullif(messages_of_month, 0), 6)::numeric(9, 6) as channel_share,
    round(coalesce(answered_of_context, 0) / nullif(messages_of_context, 0), 6)::numeric(9, 6) as same_channel_answer_rate,
    case when messages >= 10 then round(silent_messages::numeric / messages, 6) end::numeric(9, 6) as silence_rate,
    month_start_date + interval '1 month' + interval '{{ var("content_effect_days") }} days' <= '{{ var("export_date") }}'::date + 1 as is_complete
from summed
