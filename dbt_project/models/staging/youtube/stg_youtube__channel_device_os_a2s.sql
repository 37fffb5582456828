{{ youtube_report(
    'channel_device_os_a2',
    figures=['views', 'watch_time_minutes', 'red_views', 'red_watch_time_minutes'],
    parts=[['account', ['device_type', 'operating_system']], ['content', ['device_type']]],
) }}
