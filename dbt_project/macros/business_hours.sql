{#-
  Working time of support between two moments, in hours, by the seeds business_hours and business_holidays in the zone of
  var support_timezone. Closed form: working seconds since a Monday long ago at either moment, and their difference, so that a
  row costs the same whether it waited an hour or a year. Needs the CTEs of business_calendar() in the model.
  A night in which the clocks change counts an hour more or less only where support works during it.
-#}
{% macro business_hours_between(begin, end) -%}
    round((({{ business_seconds(end) }}) - ({{ business_seconds(begin) }})) / 3600.0, 2)::numeric(12, 2)
{%- endmacro %}

{% macro business_calendar() -%}
    business_weekdays as (
        select
            days.weekday,
            extract(epoch from hours.opens_at) as opens_second,
            coalesce(extract(epoch from hours.closes_at - hours.opens_at), 0) as open_seconds,
            coalesce(sum(extract(epoch from hours.closes_at - hours.opens_at)) over (
                order by days.weekday rows between unbounded preceding and 1 preceding
            ), 0) as seconds_before,
            coalesce(sum(extract(epoch from hours.closes_at - hours.opens_at)) over (), 0) as seconds_a_week
        from generate_series(1, 7) as days (weekday)
        left join {{ ref('business_hours') }} as hours on days.weekday = hours.weekday
    ),

    -- working time that holidays took, up to and with each of them
    business_days_off as (
        select
            holidays.holiday_date,
            weekdays.open_seconds,
            sum(weekdays.open_seconds) over (order by holidays.holiday_date) as seconds_off
        from {{ ref('business_holidays') }} as holidays
        inner join business_weekdays as weekdays on extract(isodow from holidays.holiday_date) = weekdays.weekday
    )
{%- endmacro %}

{% macro business_seconds(moment) -%}
    {%- set local = "(" ~ moment ~ " at time zone '" ~ var('support_timezone') ~ "')" -%}
    select
        floor(({{ local }}::date - date '2000-01-03') / 7.0) * weekdays.seconds_a_week
        + weekdays.seconds_before
        + case
            when days_off.holiday_date = {{ local }}::date then weekdays.open_seconds
            else least(greatest(extract(epoch from {{ local }}::time) - coalesce(weekdays.opens_second, 0), 0), weekdays.open_seconds)
        end
        - coalesce(days_off.seconds_off, 0)
    from business_weekdays as weekdays
    left join lateral (
        select
            business_days_off.holiday_date,
            business_days_off.seconds_off
        from business_days_off
        where business_days_off.holiday_date <= {{ local }}::date
        order by business_days_off.holiday_date desc
        limit 1
    ) as days_off on true
    where weekdays.weekday = extract(isodow from {{ local }})
{%- endmacro %}
