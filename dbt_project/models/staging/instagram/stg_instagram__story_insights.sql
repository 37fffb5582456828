{{ insight_figures(source('instagram', 'story_insight'), 'content') }}
