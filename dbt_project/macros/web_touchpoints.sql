{#- Touchpoints of a web analytics platform (see web_events.sql): the type by seeds/web_events.csv, the channel by
    seeds/channel_rules.csv, which are looked at once per distinct way in. -#}
{% macro web_touchpoints(platform) -%}
    {%- set web = web_platform(platform) -%}
    {%- set outside_referrer = "case when events.referrer_host is distinct from events.page_host then events.referrer_host end" -%}
with events as (
    select
        messages.*,
        substring(coalesce(messages.referrer, '') from '^https?://([^/?#:]+)') as referrer_host,
        substring(coalesce(messages.page_url, '') from '^https?://([^/?#:]+)') as page_host,
        messages.click_id is not null
        or coalesce(messages.page_url ~* '[?&](gclid|dclid|gbraid|wbraid|fbclid|msclkid|ttclid|twclid|li_fat_id|epik)=', false) as has_click_id
    from {{ ref(web.model) }} as messages
    where
        {{ changed_since(platform, web.object, into='int_touchpoints', column='messages._changed_seq') }}
        and messages.message_type in ('page', 'screen', 'track', 'identify')
        and coalesce(messages.user_id, messages.anonymous_id) is not null
        and messages.occurred_at is not null
),

ways_in as (
    select distinct
        coalesce(events.campaign_source, '') as campaign_source,
        coalesce(events.campaign_medium, '') as campaign_medium,
        coalesce({{ outside_referrer }}, '') as referrer_host
    from events
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
        events.*,
        case
            when events.has_click_id and (events.message_type in ('page', 'screen') or web_events.touchpoint_type = 'session_start') then 'ad_click_visit'
            when events.message_type in ('page', 'screen') then 'page_view'
            when events.message_type = 'identify' then 'identify'
            else coalesce(web_events.touchpoint_type, 'web_other')
        end as touchpoint_type
    from events
    left join {{ ref('web_events') }} as web_events on events.event_name = web_events.event_name
)

select
    {{ touchpoint_key("'" ~ platform ~ "'", 'events.touchpoint_type', 'events.message_id') }} as touchpoint_id,
    '{{ platform }}'::text as source_platform,
    '{{ web.object }}'::text as source_object,
    events.message_id as source_event_id,
    {{ source_record_key(
        "'" ~ platform ~ "'", "case when events.user_id is not null then 'account' else 'cookie' end", 'coalesce(events.user_id, events.anonymous_id)'
    ) }} as source_record_key,
    events.touchpoint_type,
    events.occurred_at,
    -- without a campaign or an outside referrer nothing is known but the place; marts call the first touch of a visit direct
    coalesce(channels.channel, 'web_site') as channel,
    events.campaign_name as campaign,
    coalesce(events.product_id, events.page_path) as content_id,
    {{ order_reference('events.order_reference') }} as order_id,
    null::text as ticket_id,
    null::text as intent,
    events.value_amount,
    events.currency_code,
    case when events.touchpoint_type = 'web_purchase' then 46 else 20 end::smallint as source_priority,
    coalesce(events.is_bot, false)
    or coalesce(events.user_agent ~* '(bot|crawl|spider|slurp|headless|googleimageproxy|lighthouse)', false) as is_bot,
    events.is_deleted
from typed as events
left join channels
    on
        coalesce(events.campaign_source, '') = channels.campaign_source
        and coalesce(events.campaign_medium, '') = channels.campaign_medium
        and coalesce({{ outside_referrer }}, '') = channels.referrer_host
{%- endmacro %}
