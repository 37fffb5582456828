{{ youtube_report(
    'channel_playback_location_a2',
    figures=['views', 'watch_time_minutes', 'red_views', 'red_watch_time_minutes'],
    parts=[['account', ['playback_location_type']], ['content', ['playback_location_type']]],
) }}
