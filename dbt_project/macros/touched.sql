{#- Records of one platform that this run looks at again (int_records_touched), of all kinds or of some. -#}
{% macro touched(platform, kinds=none) -%}
    select
        source_record_key,
        record_kind,
        source_record_id
    from {{ ref('int_records_touched') }}
    where source_platform = '{{ platform }}'
    {%- if kinds is not none %} and record_kind in ('{{ kinds | join("', '") }}'){% endif %}
{%- endmacro %}

{#- What the last successful run of the layer looked at is done with. What a failed run noted stays: its changed rows come
    again, but the tables that knew their earlier people may have been written by then. -#}
{% macro forget_touched() -%}
    {%- if execute and load_relation(this) is not none -%}
        delete from {{ this }} where _changed_seq <= {{ journeyline_watermark('built') }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
