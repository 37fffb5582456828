{{ config(meta={'publish': 'whole'}) }}

select
    hour::smallint as hour_of_day,
    to_char(make_time(hour, 0, 0), 'HH24:MI') as hour_name,
    case
        when hour < 6 then 'night'
        when hour < 12 then 'morning'
        when hour < 18 then 'afternoon'
        else 'evening'
    end as part_of_day
from generate_series(0, 23) as hours (hour)
