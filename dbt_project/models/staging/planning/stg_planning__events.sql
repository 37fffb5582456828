select
    event_id,
    lower(btrim(kind)) as event_kind,
    btrim(title) as event_title,
    starts_at,
    ends_at,
    nullif(lower(btrim(channel)), '') as channel,
    -- names of campaigns are compared as links carry them
    array_remove(regexp_split_to_array(coalesce(campaigns, ''), '\s*;\s*'), '') as campaigns,
    nullif(lower(btrim(control_channel)), '') as control_channel,
    array_remove(regexp_split_to_array(coalesce(control_campaigns, ''), '\s*;\s*'), '') as control_campaigns,
    note,
    _changed_seq
from {{ source('planning', 'event') }}
where not _is_deleted
