{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['metric_date', 'source_platform']}, {'columns': ['content_id']}],
) }}

{{ reported_figures('content') }}
