{{ youtube_report(
    'channel_traffic_source_a2',
    figures=['views', 'watch_time_minutes', 'red_views', 'red_watch_time_minutes'],
    parts=[['account', ['traffic_source_type']], ['content', ['traffic_source_type']]],
) }}
