{{ youtube_report(
    'playlist_device_os_a1',
    figures=['views', 'watch_time_minutes', 'playlist_starts', 'playlist_saves_added', 'playlist_saves_removed'],
    parts=[['content', ['device_type', 'operating_system']]],
    content='playlist_id',
) }}
