{{ youtube_report(
    'channel_annotations_a1',
    figures=['annotation_impressions', 'annotation_clickable_impressions', 'annotation_clicks', 'annotation_closable_impressions', 'annotation_closes'],
    parts=[['account', ['annotation_type']], ['content', ['annotation_type']]],
) }}
