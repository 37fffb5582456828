{{ youtube_report(
    'playlist_province_a1',
    figures=['views', 'watch_time_minutes', 'playlist_starts', 'playlist_saves_added', 'playlist_saves_removed'],
    parts=[['content', ['country_code', 'province_code']]],
    content='playlist_id',
) }}
