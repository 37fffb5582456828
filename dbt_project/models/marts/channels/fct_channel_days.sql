{{ config(
    meta={'publish': 'whole'},
    indexes=[{'columns': ['metric_date', 'source_platform']}],
) }}

{{ reported_figures('account') }}
