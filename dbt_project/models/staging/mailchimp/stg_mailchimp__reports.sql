-- figures of a campaign's whole life, as of the night; a forward is counted here only
select
    'content' as metric_level,
    reports.list_id as account_id,
    reports.id as content_id,
    figure.metric_name,
    'lifetime' as period,
    reports._export_date as metric_date,
    figure.metric_value,
    reports._is_deleted as is_deleted,
    reports._changed_seq
from {{ source('mailchimp', 'report') }} as reports
cross join lateral (
    values
    ('emails_sent', reports.emails_sent::numeric),
    ('unsubscribes', reports.unsubscribed::numeric),
    ('abuse_reports', reports.abuse_reports::numeric),
    ('hard_bounces', {{ json_number('reports.bounces', 'hard_bounces') }}),
    ('soft_bounces', {{ json_number('reports.bounces', 'soft_bounces') }}),
    ('forwards', {{ json_number('reports.forwards', 'forwards_count') }}),
    ('opens', {{ json_number('reports.opens', 'opens_total') }}),
    ('unique_opens', {{ json_number('reports.opens', 'unique_opens') }}),
    ('clicks', {{ json_number('reports.clicks', 'clicks_total') }}),
    ('unique_clicks', {{ json_number('reports.clicks', 'unique_subscriber_clicks') }})
) as figure (metric_name, metric_value)
