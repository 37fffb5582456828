-- what the reports of one dimension cannot tell: which way in on which device
{{ youtube_report(
    'channel_combined_a2',
    figures=['views', 'watch_time_minutes', 'red_views', 'red_watch_time_minutes'],
    parts=[['account', ['traffic_source_type', 'device_type']]],
) }}
