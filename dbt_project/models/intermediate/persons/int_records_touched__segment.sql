{{ config(materialized='ephemeral') }}

-- messages of the web site never change: nobody was named by an earlier version
with changed_messages as (
    select
        user_id,
        anonymous_id
    from {{ ref('stg_segment__messages') }}
    where {{ changed_since('segment', 'message', into='int_identifiers') }}
)

select
    'segment'::text as source_platform,
    'account'::text as record_kind,
    user_id as source_record_id,
    null::uuid as earlier_record_key
from changed_messages
union all
select
    'segment',
    'cookie',
    anonymous_id,
    null
from changed_messages
