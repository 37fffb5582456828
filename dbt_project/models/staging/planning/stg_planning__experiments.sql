select
    btrim(experiment_id) as experiment_id,
    btrim(title) as experiment_title,
    btrim(variant) as variant,
    is_control,
    planned_share,
    starts_on,
    ends_on,
    lower(btrim(metric)) as metric,
    planned_looks,
    _changed_seq
from {{ source('planning', 'experiment') }}
where not _is_deleted
