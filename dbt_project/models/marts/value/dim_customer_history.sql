{{ config(
    meta={'publish': 'customer', 'fitted': true, 'person_level': true},
    indexes=[{'columns': ['golden_customer_id', 'valid_from']}, {'columns': ['valid_from', 'valid_to']}],
) }}

-- The one mart that remembers: what was known of a customer on an earlier night is in no export, only in what was published.
{%- set traits = ['lifecycle_stage', 'persona_code', 'rfm_segment', 'clv_band', 'email_consent', 'sms_consent'] %}
{%- set earlier -%}
    {%- if has_published('dim_customer_history', ['recorded_golden_customer_id', 'valid_from', 'valid_to'] + traits) -%}
(
        select * from marts.dim_customer_history as p
        {%- if not var('refit', false) %}
        where exists (select 1 from {{ source('night', 'affected_customers') }} as a where a.golden_customer_id = p.golden_customer_id)
        {%- endif %}
    ) as published
    {%- else -%}
(
        select
            golden_customer_id as recorded_golden_customer_id,
            null::date as valid_from,
            null::date as valid_to,
            {{ traits | join(', ') }}
        from {{ ref('customer_360') }}
        where false
    ) as nothing
    {%- endif -%}
{%- endset -%}
{%- set now -%}
(
        select golden_customer_id, {{ traits | join(', ') }} from {{ ref('customer_360') }}
    ) as customers
{%- endset -%}
{%- set night = "'" ~ var('export_date') ~ "'::date" %}

select
    recorded_golden_customer_id,
    golden_customer_id,
    valid_from,
    valid_to,
    valid_to is null as is_current,
    {{ traits | join(',\n    ') }}
from (
    {{ type_two(earlier, now, "(select golden_customer_id, present_id from " ~ source('identity', 'golden_ids') ~ ")", traits, night) }}
) as history
