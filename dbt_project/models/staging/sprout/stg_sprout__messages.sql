-- Networks whose own export is read would be counted twice: see the var sprout_leaves_out. The kinds of post are not verified;
-- what is not understood is no event.
{%- set counts = "upper(coalesce(network, '')) not in ('" ~ (var('sprout_leaves_out') | map('upper') | join("', '")) ~ "')" %}
select
    -- person
    'author' as record_kind,
    case when {{ counts }} then from_id end as source_record_id,
    created_time as seen_at,
    lower(ltrim(btrim(from_username), '@')) in ({{ handles_of_the_brand() }}) as is_internal,
    {{ identifier_list([
        ['social_id', 'sprout.profile', 'from_id', 'true'],
        ['handle', 'twitter.username', "case when upper(network) in ('TWITTER', 'X') then lower(ltrim(btrim(from_username), '@')) end"],
        ['handle', 'tiktok.username', "case when upper(network) = 'TIKTOK' then lower(ltrim(btrim(from_username), '@')) end"],
    ]) }} as identifiers,

    -- event
    case
        when from_id is null or not {{ counts }} then null
        when post_type ~* '(direct_?message|private_?message|_dm$|_pm$)' then 'direct_message_received'
        when post_type ~* '(review|recommendation)' then 'review_written'
        when post_type ~* '(mention|tag)' then 'social_mention'
        when post_type ~* '(comment|reply)' then 'social_comment'
    end as touchpoint_type,
    guid as source_event_id,
    created_time as occurred_at,
    'social_other' as channel,
    text as intent_text,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('sprout', 'message') }}
