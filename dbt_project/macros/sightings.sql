{#-
  Sightings: staging models in standard columns, from which the parts of all their platforms are made. One row is one sighting
  of one person, one event of theirs, or both. A model gives the columns it has; the others are null. An unknown column stops
  the build, so that a slip of the pen is not read as "nothing there". Listed in the var `sightings`; docs/add-a-platform.md.
-#}

{#- Column → type of a sighting. The order is that of the parts below. -#}
{% macro sighting_types() -%}
    {{ return({
        'record_kind': 'text', 'source_record_id': 'text', 'seen_at': 'timestamptz', 'sighting_id': 'text',
        'email': 'text', 'phone': 'text', 'full_name': 'text', 'given_name': 'text', 'family_name': 'text', 'birth_date': 'date',
        'address_line': 'text', 'city': 'text', 'postcode': 'text', 'region': 'text', 'country_code': 'text', 'company': 'text',
        'is_email_verified': 'boolean', 'is_phone_shared': 'boolean', 'email_consent': 'text', 'sms_consent': 'text',
        'email_consent_at': 'timestamptz', 'sms_consent_at': 'timestamptz', 'is_internal': 'boolean', 'identifiers': 'jsonb',
        'touchpoint_type': 'text', 'source_event_id': 'text', 'occurred_at': 'timestamptz', 'channel': 'text', 'campaign': 'text',
        'content_id': 'text', 'order_reference': 'text', 'ticket_id': 'text', 'intent': 'text', 'intent_text': 'text',
        'message_text': 'text', 'message_title': 'text', 'thread_id': 'text', 'parent_event_id': 'text', 'author_followers': 'bigint',
        'reach': 'bigint', 'star_rating': 'smallint', 'is_verified_buyer': 'boolean', 'product_reference': 'text', 'answered_at': 'timestamptz',
        'value_amount': 'numeric(18, 2)', 'currency_code': 'text', 'source_priority': 'smallint', 'is_bot': 'boolean',
        'is_deleted': 'boolean', '_changed_seq': 'bigint', 'look_up_seq': 'bigint',
    }) }}
{%- endmacro %}

{#- Changed rows of one model, as a relation. What a row means may stand in a small table beside it (`look_up` in the list: an
    object of the same platform, whose _changed_seq the model gives as look_up_seq): rows whose look-up changed come again. -#}
{% macro changed_rows(model, about, into, marks) -%}
    {%- set changed = changed_since(about.platform, about.object, into=into, column='staged._changed_seq', marks=marks) -%}
    (
        select staged.* from {{ ref(model) }} as staged
        where {{ changed }}
    {%- if 'look_up' in about and execute and not reads_everything(into) %}
        union all
        select staged.* from {{ ref(model) }} as staged
        where not ({{ changed }}) and {{ changed_since(about.platform, about.look_up, into=into, column='staged.look_up_seq', marks=marks) }}
    {%- endif %}
    )
{%- endmacro %}

{#- Model → names of its columns, of all models that a var lists, in one query. Empty while nothing is executed. -#}
{% macro staged_columns(listing, types) -%}
    {%- set found = {} -%}
    {%- for model in listed(listing) -%}
        {%- do found.update({model: []}) -%}
    {%- endfor -%}
    {%- if execute and found -%}
        {%- set rows = run_query(
            "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
            ~ " where c.relnamespace = to_regnamespace('" ~ generate_schema_name('staging', none) ~ "') and c.relname in ('"
            ~ (found.keys() | join("', '")) ~ "')"
        ) -%}
        {%- for row in rows -%}
            {%- if row[1] not in types -%}
                {%- do exceptions.raise_compiler_error(
                    row[0] ~ ": " ~ row[1] ~ " is no standard column. Write one of " ~ (types.keys() | join(', ')) ~ ", or leave it out."
                ) -%}
            {%- endif -%}
            {%- do found[row[0]].append(row[1]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- Select list of a staged model: the named columns, typed; null for those it does not have. -#}
{% macro staged_list(columns, has, types, alias) -%}
    {%- for column in columns -%}
        {% if column in has %}{{ alias }}.{{ column }}::{{ types[column] }}{% else %}null::{{ types[column] }}{% endif %} as {{ column }}{% if not loop.last %},
        {% endif %}
    {%- endfor -%}
{%- endmacro %}

{#- Condition: records that sightings describe. A platform whose other persons are written by hand says which kinds of records its
    sightings describe (`kinds` in the list), and its hand-written parts leave those kinds alone. -#}
{% macro is_sighted(alias) -%}
    {%- set whole, partly = ["''"], [] -%}
    {%- for about in listed('sightings').values() -%}
        {%- if 'kinds' in about -%}
            {%- do partly.append(alias ~ ".source_platform = '" ~ about.platform ~ "' and " ~ alias ~ ".record_kind in ('" ~ (about.kinds | join("', '")) ~ "')") -%}
        {%- else -%}
            {%- do whole.append("'" ~ about.platform ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    ({{ alias }}.source_platform in ({{ whole | unique | join(', ') }})
    {%- for condition in partly | unique %} or {{ condition }}{% endfor %})
{%- endmacro %}

{#- The persons of touched records as they were seen: one row per sighting that still holds. -#}
{% macro touched_sightings(columns) -%}
    {%- set types = sighting_types() -%}
    {%- set has = staged_columns('sightings', types) -%}
    {%- set models = listed('sightings') -%}
    {%- for model, about in models.items() %}
    {%- set seen = 'sighting.seen_at' if 'seen_at' in has[model] else 'null' -%}
    {%- set occurred = 'sighting.occurred_at' if 'occurred_at' in has[model] else 'null' -%}
    {%- set names_it = 'sighting_id' if 'sighting_id' in has[model] else ('source_event_id' if 'source_event_id' in has[model] else none) %}
    select
        touched.source_record_key,
        touched.source_platform,
        touched.record_kind,
        touched.source_record_id,
        coalesce({{ seen }}, {{ occurred }})::timestamptz as seen_at,
        {% if names_it %}coalesce(sighting.{{ names_it }}::text, '') || {% endif %}'|{{ model }}' as sighting_id,
        {{ staged_list(columns, has[model], types, 'sighting') }}
    from {{ ref('int_records_touched') }} as touched
    inner join {{ ref(model) }} as sighting
        on touched.source_record_id = sighting.source_record_id and touched.record_kind = sighting.record_kind
    where touched.source_platform = '{{ about.platform }}' and not sighting.is_deleted
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        source_record_key,
        source_platform,
        record_kind,
        source_record_id,
        null::timestamptz as seen_at,
        null::text as sighting_id,
        {{ staged_list(columns, [], types, 'touched') }}
    from {{ ref('int_records_touched') }} as touched
    where false
    {%- endfor %}
{%- endmacro %}

{#- Events of changed rows of all sightings; rows without an event id are no events. `needing`: only of models that give one of
    these columns. -#}
{% macro changed_sightings(columns, into, needing=none) -%}
    {%- set types = sighting_types() -%}
    {%- set has = staged_columns('sightings', types) -%}
    {%- set ns, marks = namespace(written=false), journeyline_watermarks() -%}
    {%- for model, about in listed('sightings').items() %}
    {%- set known = ref(model) -%}  {#- named while dbt parses, when no columns are known yet -#}
    {%- if 'source_event_id' in has[model] and (needing is none or has[model] | select('in', needing) | list) %}
    {%- if ns.written %}
    union all
    {%- endif %}
    {%- set ns.written = true %}
    select
        '{{ about.platform }}'::text as source_platform,
        '{{ about.object }}'::text as source_object,
        {{ staged_list(columns, has[model], types, 'sighting') }}
    from {{ changed_rows(model, about, into, marks) }} as sighting
    where sighting.source_event_id is not null
    {%- endif %}
    {%- endfor %}
    {%- if not ns.written %}
    select
        null::text as source_platform,
        null::text as source_object,
        {{ staged_list(columns, [], types, 'sighting') }}
    where false
    {%- endif %}
{%- endmacro %}

{#- A jsonb list of identifiers for the column `identifiers`: [[type, namespace, SQL expression of the value, verified], …].
    Blank values are left out; the last element may be missing (false). -#}
{% macro identifier_list(identifiers) -%}
    nullif(jsonb_path_query_array(jsonb_build_array(
        {%- for one in identifiers %}
        jsonb_build_object(
            'type', '{{ one[0] }}', 'namespace', '{{ one[1] }}', 'value', {{ one[2] }}, 'verified', {{ one[3] if one | length > 3 else 'false' }}
        ){% if not loop.last %},{% endif %}
        {%- endfor %}
    ), '$[*] ? (@.value != null && @.value != "")'), '[]'::jsonb)
{%- endmacro %}
