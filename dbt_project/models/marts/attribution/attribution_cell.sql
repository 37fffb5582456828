{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['conversion_month', 'conversion_type']}],
) }}

{%- set flags = {'first': 'is_first', 'last': 'is_last', 'last_non_direct': 'is_last_non_direct', 'participation': 'is_channel_first'} %}
{%- set divided = ['linear', 'position', 'j_shaped', 'inverse_j', 'time_decay', 'shapley_volume'] %}
{%- set keys = ['conversion_month', 'conversion_type', 'channel', 'campaign'] %}
{%- set models = (flags.keys() | list) + divided + ['markov_path'] %}
{%- set sums = ['touches', 'last_identified_amount'] %}
{%- for model in models %}
    {%- do sums.append(model ~ '_conversions') %}
    {%- do sums.append(model ~ '_amount') %}
{%- endfor %}

{%- set contribution %}
select
    touches.conversion_month,
    touches.conversion_type,
    touches.channel,
    coalesce(touches.campaign, '(none)') as campaign,
    count(*) as touches,
    coalesce(sum(touches.value_amount) filter (where touches.is_last and (customers.has_email or customers.has_phone or customers.order_count > 0)), 0) as last_identified_amount,
    {%- for model, flag in flags.items() %}
    count(*) filter (where touches.{{ flag }}) as {{ model }}_conversions,
    coalesce(sum(touches.value_amount) filter (where touches.{{ flag }}), 0) as {{ model }}_amount,
    {%- endfor %}
    {%- for model in divided %}
    sum(touches.{{ model }}_credit) as {{ model }}_conversions,
    coalesce(sum(touches.{{ model }}_amount), 0) as {{ model }}_amount,
    {%- endfor %}
    sum(markov.credit) as markov_path_conversions,
    coalesce(sum(markov.value_amount), 0) as markov_path_amount
from [[fct_attribution_touches]] as touches
inner join [[fct_markov_credits]] as markov
    on touches.conversion_id = markov.conversion_id and touches.touch_no = markov.touch_no
left join [[dim_customers]] as customers on touches.golden_customer_id = customers.golden_customer_id
group by 1, 2, 3, 4
{%- endset %}

select
    conversion_month,
    conversion_type,
    channel,
    campaign,
    touches::bigint as touches,
    last_identified_amount::numeric(24, 2) as last_identified_amount,
    {%- for model in models %}
    {{ model }}_conversions::numeric(24, 9) as {{ model }}_conversions,
    {{ model }}_amount::numeric(24, 2) as {{ model }}_amount{{ ',' if not loop.last }}
    {%- endfor %}
from {{ additive(keys=keys, sums=sums, facts=['fct_attribution_touches', 'fct_markov_credits', 'dim_customers'], contribution=contribution) }} as cells
