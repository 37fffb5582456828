{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['month_start_date', 'channel']}],
) }}

{%- set contribution %}
select
    month_start_date,
    touchpoint_type,
    coalesce(channel, '(unknown)') as channel,
    sum(touchpoints) as touchpoints,
    sum(matched_touchpoints) as matched_touchpoints,
    sum(first_party_touchpoints) as first_party_touchpoints,
    -- a customer is counted once per type, and once per channel: the first row of theirs says so, so that these add up
    count(*) filter (where is_first_of_type) as type_customers,
    count(*) filter (where is_first_of_channel) as channel_customers,
    count(*) filter (where is_first_of_channel and is_first_party) as channel_first_party_customers
from (
    select
        monthly.*,
        row_number() over (partition by golden_customer_id, month_start_date, touchpoint_type order by channel) = 1 as is_first_of_type,
        row_number() over (partition by golden_customer_id, month_start_date, channel order by touchpoint_type) = 1 as is_first_of_channel
    from (
        select
            touchpoints.golden_customer_id,
            date_trunc('month', touchpoints.occurred_date)::date as month_start_date,
            touchpoints.touchpoint_type,
            touchpoints.channel,
            bool_or(customers.has_email or customers.has_phone or customers.order_count > 0) as is_first_party,
            count(*) as touchpoints,
            count(*) filter (where customers.has_email or customers.has_phone or customers.order_count > 0) as matched_touchpoints,
            count(*) filter (where touchpoints.order_id is not null or bridge.record_kind not in ('cookie', 'social_profile', 'author'))
                as first_party_touchpoints
        from [[fct_touchpoints]] as touchpoints
        left join [[dim_customers]] as customers on touchpoints.golden_customer_id = customers.golden_customer_id
        left join [[bridge_customer_identities]] as bridge on touchpoints.source_record_key = bridge.source_record_key
        where not touchpoints.is_bot
        group by 1, 2, 3, 4
    ) as monthly
) as marked
group by 1, 2, 3
{%- endset %}

select
    month_start_date,
    touchpoint_type,
    channel,
    touchpoints::bigint as touchpoints,
    matched_touchpoints::bigint as matched_touchpoints,
    first_party_touchpoints::bigint as first_party_touchpoints,
    type_customers::bigint as type_customers,
    channel_customers::bigint as channel_customers,
    channel_first_party_customers::bigint as channel_first_party_customers
from {{ additive(
    keys=['month_start_date', 'touchpoint_type', 'channel'],
    sums=[
        'touchpoints', 'matched_touchpoints', 'first_party_touchpoints', 'type_customers', 'channel_customers',
        'channel_first_party_customers'
    ],
    facts=['fct_touchpoints', 'dim_customers', 'bridge_customer_identities'],
    contribution=contribution
) }} as cells
