{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['week_start', 'channel']}],
) }}

{% set contribution %}
select
    times.measure,
    requests.channel,
    requests.is_social,
    requests.week_start,
    bands.band_no,
    {{ time_cell('times.hours') }} as time_cell,
    count(*) as requests
from ({{ support_requests() }}) as requests
cross join lateral (
    values
    ('first_reply', requests.hours_to_first_reply),
    ('first_reply_in_business_hours', requests.business_hours_to_first_reply),
    ('resolution', requests.hours_to_solve)
) as times (measure, hours)
inner join lateral (
    select response_bands.band_no
    from {{ ref('response_bands') }} as response_bands
    where times.hours <= coalesce(response_bands.up_to_hours, times.hours)
    order by response_bands.band_no
    limit 1
) as bands on true
where times.hours >= 0
group by 1, 2, 3, 4, 5, 6
{% endset %}

select
    cells.measure,
    cells.channel,
    cells.week_start,
    cells.band_no,
    cells.time_cell,
    cells.is_social,
    bands.band_name,
    cells.requests::bigint as requests,
    {{ time_of_cell('cells.time_cell') }} as hours
from {{ additive(
    keys=['measure', 'channel', 'is_social', 'week_start', 'band_no', 'time_cell'],
    sums=['requests'],
    facts=['fct_tickets', 'fct_social_requests'],
    contribution=contribution,
) }} as cells
inner join {{ ref('response_bands') }} as bands on cells.band_no = bands.band_no
