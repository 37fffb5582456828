{{ youtube_report(
    'channel_province_a2',
    figures=['views', 'watch_time_minutes', 'red_views', 'red_watch_time_minutes'],
    parts=[['account', ['country_code', 'province_code']]],
) }}
