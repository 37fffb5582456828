select
    -- who: the primary contact, where the export names one; else the deal is an account's and names nobody
    'contact'::text as record_kind,
    contact_id as source_record_id,
    coalesce(close_date, created_date) as seen_at,
    {{ identifier_list([['vendor_merge', 'salesforce.record', 'contact_id', 'true']]) }} as identifiers,

    -- what happened
    case when is_won and contact_id is not null then 'deal_won' end as touchpoint_type,
    id as source_event_id,
    coalesce(close_date, last_modified_date, created_date) as occurred_at,
    'sales'::text as channel,
    amount as value_amount,
    upper({{ clean_text('currency_iso_code') }}) as currency_code,
    27 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('salesforce', 'opportunity') }}
