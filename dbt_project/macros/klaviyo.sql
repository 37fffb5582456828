{#- Consent of a profile as the API gives it. A suppression counts as refusal whatever the consent says: no mail may be sent, and
    consent is never upgraded. `NEVER_SUBSCRIBED` says nothing. -#}
{% macro klaviyo_suppressed_at() -%}
    (
        select max((reason.entry ->> 'timestamp')::timestamptz)
        from jsonb_path_query(email_suppressions, 'lax $[*] ? (@.timestamp like_regex "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:")') as reason (entry)
    )
{%- endmacro %}

{% macro klaviyo_consent(consent) -%}
    case upper(replace({{ consent }}, ' ', '_')) when 'SUBSCRIBED' then 'subscribed' when 'UNSUBSCRIBED' then 'unsubscribed' end
{%- endmacro %}

{#- Where a profile's row says a country at all, it is a code or an English name. -#}
{% macro two_letter_country(country) -%}
    case when {{ country }} ~ '^[A-Za-z]{2}$' then upper({{ country }}) end
{%- endmacro %}
