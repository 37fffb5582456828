-- per cent of a video's views: they can be added up within a video only
{{ youtube_report(
    'channel_demographics_a1',
    figures=['views_percentage'],
    parts=[['content', ['age_group', 'gender']]],
) }}
