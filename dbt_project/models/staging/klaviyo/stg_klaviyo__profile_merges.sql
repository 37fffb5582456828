-- the merged-away profile carries the survivor's id; the survivor carries its own (stg_klaviyo__profiles)
select
    'subscriber' as record_kind,
    id as source_record_id,
    {{ identifier_list([['vendor_merge', 'klaviyo.profile', 'survivor_id', 'true']]) }} as identifiers,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('klaviyo', 'profile_merge') }}
