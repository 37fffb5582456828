{{ youtube_report(
    'playlist_playback_location_a1',
    figures=['views', 'watch_time_minutes', 'playlist_starts', 'playlist_saves_added', 'playlist_saves_removed'],
    parts=[['content', ['playback_location_type']]],
    content='playlist_id',
) }}
