{{ insight_figures(source('facebook_pages', 'post_insight'), 'content', account="split_part(subject_id, '_', 1)") }}
