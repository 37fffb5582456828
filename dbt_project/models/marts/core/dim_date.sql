{{ config(meta={'publish': 'whole'}) }}

select
    day::date as calendar_date,
    extract(year from day)::smallint as calendar_year,
    extract(quarter from day)::smallint as quarter_of_year,
    extract(month from day)::smallint as month_of_year,
    extract(isoyear from day)::smallint as iso_year,
    extract(week from day)::smallint as iso_week,
    extract(isodow from day)::smallint as iso_day_of_week,
    date_trunc('month', day)::date as month_start_date,
    date_trunc('week', day)::date as week_start_date,
    extract(isodow from day) in (6, 7) as is_weekend
from generate_series('{{ var("calendar_start") }}'::timestamp, '{{ var("calendar_end") }}'::timestamp, interval '1 day') as calendar (day)
