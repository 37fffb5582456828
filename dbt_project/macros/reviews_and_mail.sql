{#- What review tools and mail tools have in common. Arguments are SQL expressions. -#}

{#- Stars → intent. Three stars say neither. -#}
{% macro rating_intent(stars) -%}
    case when {{ stars }} >= 4 then 'praise' when {{ stars }} <= 2 then 'complaint' end
{%- endmacro %}

{#- Reviewers are shown as `John S.`: one letter is no name, so such a name is never a full one. Only names of two and more parts
    are whose first and last part are written out. -#}
{% macro written_out_name(name) -%}
    case when {{ name }} ~ '\S\s+\S' and {{ name }} !~ '(^\s*\S\.?\s|\s\S\.?\s*$)' then {{ clean_text(name) }} end
{%- endmacro %}

{#- The given name of `John S.`, `John S` and `John`. -#}
{% macro given_name_of_short(name) -%}
    substring({{ name }} from '^\s*([[:alpha:]''’-]{2,})(?:\s+\S\.?)?\s*$')
{%- endmacro %}

{#- Two entries for identifier_list(): the shop's order as people quote it (`#1001`, `1001`), or its long internal id. -#}
{% macro order_identifiers(reference) -%}
    {%- set number = "case when " ~ reference ~ " ~ '^\\d{1,8}$' then '#' || " ~ reference ~ " when " ~ reference ~ " !~ '^\\d{9,}$' then " ~ reference ~ " end" -%}
    {%- set id = "case when " ~ reference ~ " ~ '^\\d{9,}$' then " ~ reference ~ " end" -%}
    {{ return([['order_id', 'shop.order', number], ['order_id', 'shop.order_id', id]]) }}
{%- endmacro %}

{#- Google fetches pictures of mails for its users through these networks: an open from there is a machine's. -#}
{% macro is_mail_proxy(ip) -%}
    coalesce({{ ip }} ~ '^(74\.125|64\.233|66\.102|66\.249|72\.14|209\.85)\.', false)
{%- endmacro %}

{#- When a review tool says that it was rewarded, the review's campaign says so: `incentivised`, with the kind of reward. -#}
{% macro incentive_campaign(is_incentivised, kind) -%}
    case when {{ is_incentivised }} then concat_ws(' ', 'incentivised', {{ kind }}) end
{%- endmacro %}

{#- Handles of the brand's own profiles, as a list of SQL literals. -#}
{% macro handles_of_the_brand() -%}
    '{{ ([''] + (var('brand_handles') if var('brand_handles') is sequence and var('brand_handles') is not string else [])) | map('lower') | join("', '") }}'
{%- endmacro %}

{#- A number inside a jsonb object; null when it is absent or no number. -#}
{% macro json_number(document, key) -%}
    case when jsonb_typeof({{ document }} -> '{{ key }}') = 'number' then ({{ document }} ->> '{{ key }}')::numeric end
{%- endmacro %}
