{{ config(meta={'publish': 'whole', 'person_level': true}) }}

{#- Sums that sentiment_stage is made of, small cells among them: readable with the customers' rows only. -#}
{%- set keys = ['stage_code', 'channel', 'persona_code', 'period'] %}
{%- set sums = ['customers', 'scored_customers', 'messages', 'scored_messages', 'mean_sum', 'mean_square_sum'] %}
{%- set contribution %}
select
    per_customer.stage_code,
    per_customer.channel,
    per_customer.persona_code,
    per_customer.period,
    count(*) as customers,
    count(per_customer.mean_sentiment) as scored_customers,
    sum(per_customer.messages) as messages,
    sum(per_customer.scored_messages) as scored_messages,
    coalesce(sum(per_customer.mean_sentiment), 0) as mean_sum,
    coalesce(sum(per_customer.mean_sentiment * per_customer.mean_sentiment), 0) as mean_square_sum
from (
    -- one customer's mean, once with and once without each of channel, persona and week
    select
        said.golden_customer_id,
        said.stage_code,
        coalesce(said.channel, '(all)') as channel,
        coalesce(said.persona_code, '(all)') as persona_code,
        coalesce(to_char(said.occurred_week, 'YYYY-MM-DD'), '(all)') as period,
        count(*) as messages,
        count(said.sentiment) as scored_messages,
        round(avg(said.sentiment), 4) as mean_sentiment
    from (
        select
            messages.golden_customer_id,
            messages.stage_code,
            coalesce(messages.channel, '(unknown)') as channel,
            coalesce(personas.persona_code, '(unknown)') as persona_code,
            messages.occurred_week,
            messages.sentiment
        from [[fct_messages]] as messages
        left join [[customer_persona]] as personas on messages.golden_customer_id = personas.golden_customer_id
        where not messages.is_bot and messages.stage_code is not null
    ) as said
    group by said.golden_customer_id, said.stage_code, cube (said.channel, said.persona_code, said.occurred_week)
) as per_customer
group by 1, 2, 3, 4
{%- endset %}

select
    cells.stage_code,
    cells.channel,
    cells.persona_code,
    cells.period,
    cells.customers::bigint as customers,
    cells.scored_customers::bigint as scored_customers,
    cells.messages::bigint as messages,
    cells.scored_messages::bigint as scored_messages,
    cells.mean_sum::numeric(18, 4) as mean_sum,
    cells.mean_square_sum::numeric(18, 8) as mean_square_sum
from {{ additive(keys=keys, sums=sums, facts=['fct_messages', 'customer_persona'], contribution=contribution) }} as cells
