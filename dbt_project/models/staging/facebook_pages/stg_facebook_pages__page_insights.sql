{{ insight_figures(source('facebook_pages', 'page_insight'), 'account') }}
