select
    -- who: a contact (003…) or a lead (00Q…)
    case when left(who_id, 3) = '00Q' then 'lead' else 'contact' end as record_kind,
    who_id as source_record_id,
    coalesce(completed_date_time, activity_date, created_date) as seen_at,
    {{ identifier_list([['vendor_merge', 'salesforce.record', 'who_id', 'true']]) }} as identifiers,

    -- what happened: only what is done, not what is to do
    case when who_id is not null and (is_closed or lower(status) = 'completed') then 'sales_activity' end as touchpoint_type,
    id as source_event_id,
    coalesce(completed_date_time, activity_date, created_date) as occurred_at,
    {{ sales_channel("coalesce(nullif(task_subtype, 'Task'), type, '')") }} as channel,
    26 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('salesforce', 'task') }}
