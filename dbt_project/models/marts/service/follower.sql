{{ config(
    meta={'publish': 'customer', 'person_level': true},
    indexes=[{'columns': ['golden_customer_id']}, {'columns': ['followed_date', 'channel']}, {'columns': ['unfollowed_date']}],
) }}

{%- set heard = "'" ~ (['email_sent', 'sms_sent', 'direct_message_sent', 'social_reply_sent', 'review_requested'] | join("', '")) ~ "'" %}

-- Two kinds of following: a social account that follows the brand's, and a mailbox or phone that lets the brand write. Tools report
-- the same subscription each on their own, so there is one of each kind per customer.
with events as (
    select
        touchpoint_id,
        golden_customer_id,
        source_record_key,
        source_platform,
        occurred_at,
        source_priority,
        touchpoint_type = 'opt_out' as is_end,
        touchpoint_type = 'social_follow' as is_social,
        case when touchpoint_type = 'social_follow' then channel when channel = 'sms' then 'sms' else 'email' end as channel,
        case when touchpoint_type = 'social_follow' then source_record_key else golden_customer_id end as account_key
    from {{ ref('fct_touchpoints') }}
    where touchpoint_type in ('social_follow', 'opt_in', 'opt_out') and not is_bot
),

-- a spell begins with the first yes after a no, and ends with the first no after a yes; a no without a yes ends one that was not seen
marked as (
    select
        events.*,
        lag(is_end) over in_order as was_end
    from events
    window in_order as (partition by account_key, channel order by occurred_at, source_priority, touchpoint_id)
),

changes as (
    select
        marked.*,
        lead(occurred_at) over in_order as next_changed_at,
        lead(is_end) over in_order as next_is_end,
        lag(is_end) over in_order as previous_is_end
    from marked
    where was_end is null or was_end <> is_end
    window in_order as (partition by account_key, channel order by occurred_at, source_priority, touchpoint_id)
),

spells as (
    select
        touchpoint_id as spell_id,
        golden_customer_id,
        account_key,
        source_platform,
        channel,
        is_social,
        case when not is_end then occurred_at end as followed_at,
        case when is_end then occurred_at when next_is_end then next_changed_at end as unfollowed_at,
        row_number() over (partition by account_key, channel order by occurred_at, touchpoint_id)::integer as spell_no
    from changes
    where not is_end or previous_is_end is null
),

-- what the brand sent next, and the first conversation
greetings as (
    select
        spells.spell_id,
        min(touchpoints.occurred_at) filter (where touchpoints.touchpoint_type in ({{ heard }})) as welcomed_at,
        min(touchpoints.occurred_at) filter (where touchpoints.touchpoint_type = 'direct_message_received') as first_message_at,
        (array_agg(touchpoints.channel order by touchpoints.occurred_at, touchpoints.touchpoint_id)
            filter (where touchpoints.touchpoint_type = 'direct_message_received'))[1] as first_message_channel
    from spells
    inner join {{ ref('fct_touchpoints') }} as touchpoints on spells.golden_customer_id = touchpoints.golden_customer_id
    where
        -- people write where they like, whatever they follow
        (spells.channel = touchpoints.channel or touchpoints.touchpoint_type = 'direct_message_received')
        and touchpoints.occurred_at > spells.followed_at
        and touchpoints.occurred_at <= coalesce(spells.unfollowed_at, 'infinity')
        and touchpoints.touchpoint_type in ({{ heard }}, 'direct_message_received')
    group by 1
),

replies as (
    select
        greetings.spell_id,
        min(touchpoints.occurred_at) as first_reply_at
    from spells
    inner join greetings on spells.spell_id = greetings.spell_id
    inner join {{ ref('fct_touchpoints') }} as touchpoints on spells.golden_customer_id = touchpoints.golden_customer_id
    where
        greetings.first_message_channel = touchpoints.channel
        and touchpoints.touchpoint_type = 'direct_message_sent'
        and touchpoints.occurred_at > greetings.first_message_at
    group by 1
),

-- the thirty days before the end: what came last, how much was sent, and what was wrong
before_end as (
    select
        spells.spell_id,
        (array_agg(touchpoints.touchpoint_type order by touchpoints.occurred_at desc, touchpoints.touchpoint_id))[1] as last_touchpoint_type,
        (array_agg(touchpoints.content_id order by touchpoints.occurred_at desc, touchpoints.touchpoint_id) filter (where touchpoints.content_id is not null))[1]
            as last_content_id,
        (array_agg(touchpoints.campaign order by touchpoints.occurred_at desc, touchpoints.touchpoint_id) filter (where touchpoints.campaign is not null))[1]
            as last_campaign,
        max(touchpoints.occurred_at) as last_touchpoint_at,
        (count(*) filter (where touchpoints.touchpoint_type in ({{ heard }})))::integer as brand_messages_before,
        max(touchpoints.occurred_at) filter (where touchpoints.intent = 'complaint' or touchpoints.touchpoint_type = 'shipment_problem') as last_issue_at,
        (array_agg(touchpoints.touchpoint_type order by touchpoints.occurred_at desc, touchpoints.touchpoint_id)
            filter (where touchpoints.intent = 'complaint' or touchpoints.touchpoint_type = 'shipment_problem'))[1] as last_issue_touchpoint_type
    from spells
    inner join {{ ref('fct_touchpoints') }} as touchpoints on spells.golden_customer_id = touchpoints.golden_customer_id
    where
        touchpoints.occurred_at < spells.unfollowed_at
        and touchpoints.occurred_at >= spells.unfollowed_at - interval '30 days'
        and touchpoints.touchpoint_type not in ('opt_in', 'opt_out', 'social_follow')
    group by 1
)

select
    spells.spell_id,
    spells.golden_customer_id,
    spells.account_key,
    spells.source_platform,
    spells.channel,
    spells.is_social,
    spells.spell_no,
    spells.followed_at,
    {{ local_date('spells.followed_at') }} as followed_date,
    spells.unfollowed_at,
    {{ local_date('spells.unfollowed_at') }} as unfollowed_date,
    -- where nobody exports that somebody leaves, an open spell is not known to be open
    case when spells.unfollowed_at is not null then false when not spells.is_social then true end as is_following,
    round(extract(epoch from spells.unfollowed_at - spells.followed_at) / 86400.0, 2)::numeric(12, 2) as days_followed,
    greetings.welcomed_at,
    coalesce(greetings.welcomed_at <= spells.followed_at + interval '7 days', false) as is_welcomed,
    round(extract(epoch from greetings.welcomed_at - spells.followed_at) / 3600.0, 2)::numeric(12, 2) as hours_to_welcome,
    greetings.first_message_at,
    round(extract(epoch from replies.first_reply_at - greetings.first_message_at) / 3600.0, 2)::numeric(12, 2) as hours_to_first_reply,
    before_end.last_touchpoint_type,
    before_end.last_touchpoint_at,
    before_end.last_content_id,
    before_end.last_campaign,
    before_end.brand_messages_before,
    before_end.last_issue_at,
    before_end.last_issue_touchpoint_type
from spells
left join greetings on spells.spell_id = greetings.spell_id
left join replies on spells.spell_id = replies.spell_id
left join before_end on spells.spell_id = before_end.spell_id
