{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['week_start', 'is_social']}],
) }}

{% set contribution %}
select
    requests.channel,
    requests.is_social,
    requests.week_start,
    count(*) as requests,
    count(distinct requests.golden_customer_id) as customers,
    count(*) filter (where requests.is_network_request) as network_requests,
    count(*) filter (where requests.is_network_request and requests.is_ticket) as network_requests_ticketed,
    count(*) filter (where requests.is_answered) as answered,
    count(*) filter (where not requests.is_answered) as unanswered,
    count(*) filter (where requests.is_answered_on_same_channel) as answered_on_same_channel,
    count(requests.is_answered_on_same_channel) as answer_channel_known,
    count(*) filter (where requests.is_solved) as solved,
    count(*) filter (where requests.is_solved and requests.is_reopened) as reopened,
    count(*) filter (where requests.is_one_touch) as one_touch,
    count(requests.is_one_touch) as one_touch_known,
    count(*) filter (where requests.is_asked) as satisfaction_asked,
    count(requests.csat_score) as satisfaction_rated,
    count(*) filter (where requests.csat_score >= 4) as satisfied,
    coalesce(sum(requests.csat_score), 0) as csat_points
from ({{ support_requests() }}) as requests
group by 1, 2, 3
{% endset %}

{%- set sums = [
    'requests', 'customers', 'network_requests', 'network_requests_ticketed', 'answered', 'unanswered', 'answered_on_same_channel',
    'answer_channel_known', 'solved', 'reopened', 'one_touch', 'one_touch_known', 'satisfaction_asked', 'satisfaction_rated',
    'satisfied', 'csat_points',
] %}

with cells as (
    select *
    from {{ additive(
        keys=['channel', 'is_social', 'week_start'],
        sums=sums,
        facts=['fct_tickets', 'fct_social_requests'],
        contribution=contribution,
    ) }} as added
),

-- medians out of the histogram: of the channel, and of the week as a whole
times as (
    select
        measure,
        channel,
        week_start,
        time_cell,
        sum(requests) as requests
    from {{ ref('support_response_time') }}
    group by 1, 2, 3, 4
    union all
    select
        measure,
        '(all)',
        week_start,
        time_cell,
        sum(requests)
    from {{ ref('support_response_time') }}
    group by 1, 3, 4
),

running as (
    select
        times.*,
        sum(requests) over (partition by measure, channel, week_start order by time_cell) as so_far,
        sum(requests) over (partition by measure, channel, week_start) as of_all
    from times
),

medians as (
    select
        channel,
        week_start,
        min(time_cell) filter (where measure = 'first_reply' and 2 * so_far >= of_all) as reply_cell,
        min(time_cell) filter (where measure = 'first_reply_in_business_hours' and 2 * so_far >= of_all) as business_reply_cell,
        min(time_cell) filter (where measure = 'resolution' and 2 * so_far >= of_all) as resolution_cell
    from running
    group by 1, 2
),

weeks as (
    select
        week_start,
        sum(satisfied) as satisfied,
        sum(satisfaction_rated) as satisfaction_rated
    from cells
    group by 1
)

select
    cells.channel,
    cells.week_start,
    cells.is_social,
    {%- for name in sums %}
    cells.{{ name }}::bigint as {{ name }},
    {%- endfor %}
    round(cells.answered / nullif(cells.answered + cells.unanswered, 0), 6)::numeric(9, 6) as answered_rate,
    round(cells.network_requests_ticketed / nullif(cells.network_requests, 0), 6)::numeric(9, 6) as ticket_match_rate,
    round(cells.answered_on_same_channel / nullif(cells.answer_channel_known, 0), 6)::numeric(9, 6) as same_channel_rate,
    round(cells.reopened / nullif(cells.solved, 0), 6)::numeric(9, 6) as reopen_rate,
    round(cells.one_touch / nullif(cells.one_touch_known, 0), 6)::numeric(9, 6) as one_touch_rate,
    round(cells.satisfied / nullif(cells.satisfaction_rated, 0), 6)::numeric(9, 6) as csat_rate,
    round(cells.satisfaction_rated / nullif(cells.satisfaction_asked, 0), 6)::numeric(9, 6) as survey_answer_rate,
    {{ time_of_cell('medians.reply_cell') }} as median_hours_to_first_reply,
    {{ time_of_cell('medians.business_reply_cell') }} as median_business_hours_to_first_reply,
    {{ time_of_cell('medians.resolution_cell') }} as median_hours_to_solve,
    ({{ time_of_cell('medians.reply_cell') }} - {{ time_of_cell('everywhere.reply_cell') }})::numeric(12, 2) as first_reply_gap_hours,
    (
        round(cells.satisfied / nullif(cells.satisfaction_rated, 0), 6) - round(weeks.satisfied / nullif(weeks.satisfaction_rated, 0), 6)
    )::numeric(9, 6) as csat_gap
from cells
inner join weeks on cells.week_start = weeks.week_start
left join medians on cells.channel = medians.channel and cells.week_start = medians.week_start
left join medians as everywhere on everywhere.channel = '(all)' and cells.week_start = everywhere.week_start
