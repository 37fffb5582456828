{#-
  Touches that can be credited (docs: frozen definitions): marketing touches that are no bot's and no service, neither by their stage nor by
  their channel. Page views in a
  running visit name no channel of their own, only the site itself: is_on_site.
-#}
{% macro marketing_touches() -%}
(
    select
        touchpoints.golden_customer_id,
        touchpoints.touchpoint_id,
        touchpoints.occurred_at,
        touchpoints.source_priority,
        touchpoints.channel,
        touchpoints.campaign,
        touchpoints.content_id,
        coalesce(channels.channel_group = 'Owned site', false) as is_on_site
    from {{ ref('fct_touchpoints') }} as touchpoints
    left join {{ ref('channels') }} as channels on touchpoints.channel = channels.channel
    where
        touchpoints.is_marketing_touch
        and not touchpoints.is_bot
        and {{ is_no_service('touchpoints.stage_key') }}
        -- a question to the support desk is service, whatever stage it is
        and channels.channel_group is distinct from 'Support'
)
{%- endmacro %}

{#- One conversion, or one credit, in whole billionths: parts of it add up to exactly one. -#}
{% macro credit_units() -%}
    1000000000
{%- endmacro %}

{#-
  Billionths for touch touch_no of touch_count: `first` and `last` for the ends, the rest in equal parts in between; of two
  touches each gets half the rest. What whole billionths leave over goes to the earliest touches.
-#}
{% macro credit_by_position(first, last) -%}
    {%- set units = 1000000000 -%}
    {%- set first_units = (first * units) | round | int -%}
    {%- set last_units = (last * units) | round | int -%}
    {%- set rest = units - first_units - last_units -%}
case
            when touch_count <= 1 then {{ units }}
            when touch_count = 2 and touch_no = 1 then {{ first_units + rest // 2 }}
            when touch_count = 2 then {{ last_units + rest - rest // 2 }}
            when touch_no = 1 then {{ first_units }}
            when touch_no = touch_count then {{ last_units }}
            else {{ rest }} / (touch_count - 2) + (touch_no - 1 <= {{ rest }} % (touch_count - 2))::integer
        end
{%- endmacro %}
