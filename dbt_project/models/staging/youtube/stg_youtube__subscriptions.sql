-- Somebody who follows the brand. A list of channels that the brand itself follows has the same form, but does not tell the
-- subscriber: such rows name nobody.
select
    -- person
    'social_profile' as record_kind,
    follower.channel_id as source_record_id,
    subscriptions.published_at as seen_at,
    case when subscriptions.subscriber_title not like '@%' then {{ clean_text('subscriptions.subscriber_title') }} end as full_name,
    {{ identifier_list([['social_id', 'youtube.channel', 'follower.channel_id', 'true']]) }} as identifiers,

    -- event
    case when follower.channel_id is not null then 'social_follow' end as touchpoint_type,
    subscriptions.id as source_event_id,
    subscriptions.published_at as occurred_at,
    'youtube' as channel,
    subscriptions.target_channel_id as content_id,
    10 as source_priority,

    -- metadata
    subscriptions._is_deleted as is_deleted,
    subscriptions._changed_seq
from {{ source('youtube', 'subscription') }} as subscriptions
cross join lateral (
    select
        case
            when subscriptions.subscriber_title is not null
                {%- if var('youtube_brand_channel_ids') %} and {{ is_brand_channel('subscriptions.target_channel_id', 'null') }}{% endif %}
                then subscriptions.subscriber_channel_id
        end as channel_id
) as follower
