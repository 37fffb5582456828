{{ youtube_report(
    'channel_subtitles_a2',
    figures=['views', 'watch_time_minutes', 'red_views', 'red_watch_time_minutes'],
    parts=[['account', ['subtitle_language']], ['content', ['subtitle_language']]],
) }}
