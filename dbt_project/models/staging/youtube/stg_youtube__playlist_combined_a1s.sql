{{ youtube_report(
    'playlist_combined_a1',
    figures=['views', 'watch_time_minutes', 'playlist_starts', 'playlist_saves_added', 'playlist_saves_removed'],
    parts=[['content', ['traffic_source_type', 'device_type']]],
    content='playlist_id',
) }}
