{{ insight_figures(source('instagram', 'account_insight'), 'account') }}
