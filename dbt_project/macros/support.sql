{#-
  Requests for help, whatever they came by, for additive(): tickets, and questions and complaints on social networks. What began
  on a network and was taken over by a ticket of that network is one request, not two. Names the facts as additive() wants.
-#}
{% macro support_requests() -%}
    select
        tickets.golden_customer_id,
        tickets.first_message_channel as channel,
        tickets.is_social,
        date_trunc('week', tickets.opened_at at time zone '{{ var("reporting_timezone") }}')::date as week_start,
        false as is_network_request,
        true as is_ticket,
        tickets.is_answered,
        tickets.is_answered_on_same_channel,
        case when not tickets.is_lag_negative then tickets.hours_to_first_reply end as hours_to_first_reply,
        case when not tickets.is_lag_negative then tickets.business_hours_to_first_reply end as business_hours_to_first_reply,
        case when not tickets.is_lag_negative then tickets.hours_to_solve end as hours_to_solve,
        tickets.solved_at is not null as is_solved,
        tickets.reopened_count > 0 as is_reopened,
        tickets.is_one_touch,
        tickets.satisfaction_asked_at is not null as is_asked,
        tickets.csat_score
    from [[fct_tickets]] as tickets
    where
        not tickets.is_social
        or not exists (
            select 1 from [[fct_social_requests]] as requests
            where tickets.ticket_id = requests.ticket_id and tickets.first_message_channel = requests.channel
        )
    union all
    select
        requests.golden_customer_id,
        requests.channel,
        true,
        requests.requested_week,
        true,
        requests.ticket_id is not null,
        requests.is_answered,
        requests.is_answered_on_same_channel,
        requests.hours_to_first_reply,
        requests.business_hours_to_first_reply,
        taken.hours_to_solve,
        taken.is_solved,
        taken.is_reopened,
        taken.is_one_touch,
        taken.is_asked,
        taken.csat_score
    from [[fct_social_requests]] as requests
    left join (
        -- several requests may lead to one ticket: its end counts once
        select distinct on (tickets.ticket_id)
            first_requests.request_id,
            case when not tickets.is_lag_negative then tickets.hours_to_solve end as hours_to_solve,
            tickets.solved_at is not null as is_solved,
            tickets.reopened_count > 0 as is_reopened,
            tickets.is_one_touch,
            tickets.satisfaction_asked_at is not null as is_asked,
            tickets.csat_score
        from [[fct_social_requests]] as first_requests
        inner join [[fct_tickets]] as tickets
            on first_requests.ticket_id = tickets.ticket_id and first_requests.channel = tickets.first_message_channel
        order by tickets.ticket_id, first_requests.requested_at, first_requests.request_id
    ) as taken on requests.request_id = taken.request_id
{%- endmacro %}

{#- Cell of a logarithmic histogram of times: eight cells to a doubling of the minutes, so that a quantile read from it is off by
    4.5 % at most. Cell 0: a minute or less. -#}
{% macro time_cell(hours) -%}
    case when {{ hours }} * 60 <= 1 then 0 else ceil(8 * log(2.0, ({{ hours }} * 60)::numeric))::integer end
{%- endmacro %}

{#- Hours in the middle of a cell. -#}
{% macro time_of_cell(cell) -%}
    round(case when {{ cell }} = 0 then 0.5 else power(2.0, ({{ cell }} - 0.5) / 8.0) end / 60.0, 2)::numeric(12, 2)
{%- endmacro %}
