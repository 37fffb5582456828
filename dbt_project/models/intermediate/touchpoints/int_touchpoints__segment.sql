{{ config(materialized='ephemeral') }}

with messages as (
    select
        events.*,
        substring(coalesce(events.referrer, '') from '^https?://([^/?#:]+)') as referrer_host,
        substring(coalesce(events.page_url, '') from '^https?://([^/?#:]+)') as page_host,
        coalesce(events.page_url ~* '[?&](gclid|dclid|gbraid|wbraid|fbclid|msclkid|ttclid|twclid|li_fat_id|epik)=', false) as has_click_id
    from {{ ref('stg_segment__messages') }} as events
    where
        {{ changed_since('segment', 'message', into='int_touchpoints', column='events._changed_seq') }}
        and events.message_type in ('page', 'screen', 'track', 'identify')
        and coalesce(events.user_id, events.anonymous_id) is not null
        and events.occurred_at is not null
),

-- the rules for channels are looked at once per distinct way in
ways_in as (
    select distinct
        coalesce(campaign_source, '') as campaign_source,
        coalesce(campaign_medium, '') as campaign_medium,
        coalesce(case when referrer_host is distinct from page_host then referrer_host end, '') as referrer_host
    from messages
),

channels as (
    select distinct on (ways_in.campaign_source, ways_in.campaign_medium, ways_in.referrer_host)
        ways_in.*,
        rules.channel
    from ways_in
    inner join {{ ref('channel_rules') }} as rules
        on
            (rules.source_pattern is null or ways_in.campaign_source ~ rules.source_pattern)
            and (rules.medium_pattern is null or ways_in.campaign_medium ~ rules.medium_pattern)
            and (rules.referrer_pattern is null or ways_in.referrer_host ~ rules.referrer_pattern)
    where ways_in.campaign_source <> '' or ways_in.campaign_medium <> '' or ways_in.referrer_host <> ''
    order by ways_in.campaign_source, ways_in.campaign_medium, ways_in.referrer_host, rules.priority
),

typed as (
    select
        messages.*,
        case
            when messages.message_type in ('page', 'screen') and messages.has_click_id then 'ad_click_visit'
            when messages.message_type in ('page', 'screen') then 'page_view'
            when messages.message_type = 'identify' then 'identify'
            else coalesce(web_events.touchpoint_type, 'web_other')
        end as touchpoint_type
    from messages
    left join {{ ref('web_events') }} as web_events on messages.event_name = web_events.event_name
)

select
    {{ touchpoint_key("'segment'", 'typed.touchpoint_type', 'typed.message_id') }} as touchpoint_id,
    'segment'::text as source_platform,
    'message'::text as source_object,
    typed.message_id as source_event_id,
    {{ source_record_key("'segment'", "case when typed.user_id is not null then 'account' else 'cookie' end", 'coalesce(typed.user_id, typed.anonymous_id)') }}
        as source_record_key,
    typed.touchpoint_type,
    typed.occurred_at,
    -- without a campaign or an outside referrer nothing is known but the place; marts call the first touch of a visit direct
    coalesce(channels.channel, 'web_site') as channel,
    typed.campaign_name as campaign,
    coalesce(typed.product_id, typed.page_path) as content_id,
    {{ order_reference('typed.order_reference') }} as order_id,
    null::text as ticket_id,
    null::text as intent,
    typed.value_amount,
    typed.currency_code,
    case when typed.touchpoint_type = 'web_purchase' then 46 else 20 end::smallint as source_priority,
    coalesce(typed.user_agent ~* '(bot|crawl|spider|slurp|headless|googleimageproxy|lighthouse)', false) as is_bot,
    typed.is_deleted
from typed
left join channels
    on
        coalesce(typed.campaign_source, '') = channels.campaign_source
        and coalesce(typed.campaign_medium, '') = channels.campaign_medium
        and coalesce(case when typed.referrer_host is distinct from typed.page_host then typed.referrer_host end, '') = channels.referrer_host
