-- followers by part of the audience, as they stood when the breakdown last changed
select
    'account' as metric_level,
    demographics.business_account_id as account_id,
    demographics.metric as metric_name,
    'lifetime' as period,
    demographics._export_date as metric_date,
    demographics.breakdown || '=' || figure.key as breakdown,
    (figure.value #>> '{}')::numeric as metric_value,
    demographics._is_deleted as is_deleted,
    demographics._changed_seq
from {{ source('instagram', 'account_demographic') }} as demographics
cross join lateral jsonb_each(case when jsonb_typeof(demographics.value) = 'object' then demographics.value end) as figure
where jsonb_typeof(figure.value) = 'number'
