-- the totals: other reports tell the same views by something else
{{ youtube_report(
    'channel_basic_a2',
    figures=['views', 'watch_time_minutes', 'likes', 'dislikes', 'comments', 'shares', 'subscribers_gained', 'subscribers_lost', 'videos_added_to_playlists', 'videos_removed_from_playlists', 'red_views', 'red_watch_time_minutes'],
    parts=[['account'], ['content'], ['account', ['country_code']], ['account', ['subscribed_status']]],
) }}
