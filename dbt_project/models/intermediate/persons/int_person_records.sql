{{ config(
    materialized='incremental',
    unique_key='source_record_key',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['_changed_seq']}],
    post_hook='analyze {{ this }}',
) }}

{{ upsert_changed(
    parts=parts_of('int_person_records'),
    key=['source_record_key'],
    columns=[
        'source_platform', 'record_kind', 'source_record_id', 'email', 'phone', 'full_name', 'given_name', 'family_name',
        'birth_date', 'address_line', 'city', 'postcode', 'region', 'country_code', 'company', 'is_email_verified',
        'is_phone_shared', 'email_consent', 'sms_consent', 'email_consent_at', 'sms_consent_at', 'first_seen_at',
        'last_seen_at', 'is_internal', 'is_deleted',
    ],
    blanked=[
        'email', 'phone', 'full_name', 'given_name', 'family_name', 'birth_date', 'address_line', 'city', 'postcode',
        'region', 'company',
    ],
) }}
