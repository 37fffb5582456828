{{ youtube_report(
    'playlist_traffic_source_a1',
    figures=['views', 'watch_time_minutes', 'playlist_starts', 'playlist_saves_added', 'playlist_saves_removed'],
    parts=[['content', ['traffic_source_type']]],
    content='playlist_id',
) }}
