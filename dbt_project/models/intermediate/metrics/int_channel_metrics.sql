{{ config(
    materialized='incremental',
    unique_key='metric_key',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

{{ upsert_changed(
    parts=[ref('int_channel_metrics__staged')],
    key=['metric_key'],
    columns=[
        'source_platform', 'source_object', 'metric_level', 'account_id', 'content_id', 'metric_name', 'period', 'metric_date',
        'breakdown', 'metric_value', 'is_deleted',
    ],
) }}
