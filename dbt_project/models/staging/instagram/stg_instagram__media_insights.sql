{{ insight_figures(source('instagram', 'media_insight'), 'content') }}
