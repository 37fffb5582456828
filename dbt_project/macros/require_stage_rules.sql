{#-
  Stops the build when a type of touchpoint has no stage rule, or no row in touchpoint_types, and names every one of them:
  an unknown touchpoint must never silently mean "no stage". Types that occur in the data are found by hopping from one
  value to the next on this run's rows.
-#}
{% macro require_stage_rules() -%}
    {%- if execute -%}
        {%- set missing = run_query(
            "with known as (select touchpoint_type from " ~ ref('touchpoint_types') ~ " union select distinct touchpoint_type from "
            ~ ref('int_touchpoints') ~ " as t join " ~ ref('int_records_affected') ~ " as r using (source_record_key) where not t.is_deleted)"
            ~ " select touchpoint_type from known where touchpoint_type not in (select touchpoint_type from " ~ ref('touchpoint_types') ~ ")"
            ~ " or touchpoint_type not in (select touchpoint_type from " ~ ref('int_stages_resolved') ~ ") order by 1"
        ).columns[0].values() -%}
        {%- if missing | length > 0 -%}
            {{ exceptions.raise_compiler_error(
                "Touchpoint types without a stage rule or without a row in touchpoint_types: " ~ missing | join(', ')
                ~ ". Add a row for each to seeds/touchpoint_types.csv and seeds/stage_rules.csv (a blank stage_key with a reason moves nobody)."
            ) }}
        {%- endif -%}
    {%- endif -%}
    select 1
{%- endmacro %}
