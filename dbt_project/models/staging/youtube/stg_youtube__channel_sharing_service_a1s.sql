{{ youtube_report(
    'channel_sharing_service_a1',
    figures=['shares'],
    parts=[['account', ['sharing_service']], ['content', ['sharing_service']]],
) }}
