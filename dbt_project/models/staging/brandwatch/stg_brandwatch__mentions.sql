-- papers, blogs and broadcasters have no author_key: nobody's mention. The text is often withheld; the vendor's sentiment is not
select
    -- person
    'author' as record_kind,
    author_key as source_record_id,
    date as seen_at,
    split_part(author_key, ':', 2) in ({{ handles_of_the_brand() }}) as is_internal,
    {{ identifier_list([
        ['handle', 'instagram.username', "case when network = 'instagram' then split_part(author_key, ':', 2) end"],
        ['handle', 'twitter.username', "case when network = 'x' then split_part(author_key, ':', 2) end"],
        ['handle', 'tiktok.username', "case when network = 'tiktok' then split_part(author_key, ':', 2) end"],
        ['social_id', 'bluesky.did', 'bluesky_author_id', 'true'],
    ]) }} as identifiers,

    -- event
    case when author_key is not null then 'social_mention' end as touchpoint_type,
    mention_id as source_event_id,
    date as occurred_at,
    case when network in ('instagram', 'facebook') then network else 'social_other' end as channel,
    case sentiment when 'positive' then 'praise' when 'negative' then 'complaint' end as intent,
    {{ join_text([clean_text('title'), clean_text('snippet')]) }} as intent_text,
    {{ clean_text('snippet') }} as message_text,
    {{ clean_text('title') }} as message_title,
    round(reach_estimate)::bigint as reach,
    30 as source_priority,

    -- metadata
    _is_deleted as is_deleted,
    _changed_seq
from {{ source('brandwatch', 'mention') }}
