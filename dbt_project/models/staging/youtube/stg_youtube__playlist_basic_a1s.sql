{{ youtube_report(
    'playlist_basic_a1',
    figures=['views', 'watch_time_minutes', 'playlist_starts', 'playlist_saves_added', 'playlist_saves_removed'],
    parts=[['content']],
    content='playlist_id',
) }}
