{{ youtube_report(
    'channel_cards_a1',
    figures=['card_teaser_impressions', 'card_teaser_clicks', 'card_impressions', 'card_clicks'],
    parts=[['account', ['card_type']], ['content', ['card_type']]],
) }}
