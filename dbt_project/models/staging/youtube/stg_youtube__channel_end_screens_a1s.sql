{{ youtube_report(
    'channel_end_screens_a1',
    figures=['end_screen_element_impressions', 'end_screen_element_clicks'],
    parts=[['account', ['end_screen_element_type']], ['content', ['end_screen_element_type']]],
) }}
