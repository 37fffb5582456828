{{ config(materialized='view', meta={'publish': 'view'}) }}

{%- set flags = {'first': 'is_first', 'last': 'is_last', 'last_non_direct': 'is_last_non_direct', 'participation': 'is_channel_first'} %}
{%- set divided = ['linear', 'position', 'j_shaped', 'inverse_j', 'time_decay'] %}
{%- set about %}
    touches.conversion_id,
    touches.touch_no,
    touches.touchpoint_id,
    touches.golden_customer_id,
    touches.conversion_type,
    touches.converted_date,
    touches.conversion_month,
    touches.channel,
    touches.campaign,
    touches.content_id,
{%- endset %}

{% for model, flag in flags.items() %}
select
    '{{ model }}'::text as model_id,
    {{- about }}
    1::numeric(10, 9) as credit,
    touches.value_amount
from {{ ref('fct_attribution_touches') }} as touches
where touches.{{ flag }}
union all
{% endfor %}
{%- for model in divided %}
select
    '{{ model }}'::text as model_id,
    {{- about }}
    touches.{{ model }}_credit as credit,
    touches.{{ model }}_amount as value_amount
from {{ ref('fct_attribution_touches') }} as touches
where touches.{{ model }}_credit > 0
union all
{% endfor %}
select
    'markov_path'::text as model_id,
    {{- about }}
    markov.credit,
    markov.value_amount
from {{ ref('fct_attribution_touches') }} as touches
inner join {{ ref('fct_markov_credits') }} as markov
    on touches.conversion_id = markov.conversion_id and touches.touch_no = markov.touch_no
where markov.credit > 0
