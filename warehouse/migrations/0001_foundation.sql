-- Schemas, the run book (ops) and the batch ledger.
create schema if not exists landing;
create schema if not exists raw;
create schema if not exists raw_history;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists identity;
create schema if not exists marts_next;
create schema if not exists marts;
create schema if not exists marts_undo;
create schema if not exists ops;

create sequence ops.changed_seq;
create sequence ops.build_seq;

create table ops.batch_ledger (
    batch_id        bigint generated always as identity primary key,
    platform        text not null,
    object          text not null,
    export_date     date not null,
    status          text not null default 'open'
        check (status in ('open', 'landed', 'audited', 'promoted', 'rejected', 'failed', 'repeated', 'missing')),
    reason          text,                       -- why it was rejected, failed, repeated or missing, in plain words
    contract_hash   text,
    rows_read       bigint not null default 0,
    rows_landed     bigint not null default 0,
    rows_inserted   bigint not null default 0,
    rows_updated    bigint not null default 0,
    rows_unchanged  bigint not null default 0,
    rows_duplicate  bigint not null default 0,
    rows_rejected   bigint not null default 0,
    rows_tombstoned bigint not null default 0,  -- raw rows that disappeared from a replaced partition; not part of the export
    changed_seq     bigint,
    opened_at       timestamptz not null default clock_timestamp(),
    landed_at       timestamptz,
    closed_at       timestamptz,
    constraint row_accounting check (
        status <> 'promoted'
        or rows_read = rows_inserted + rows_updated + rows_unchanged + rows_duplicate + rows_rejected)
);
create index on ops.batch_ledger (platform, object, export_date);

create table ops.batch_files (
    batch_id    bigint not null references ops.batch_ledger on delete cascade,
    file_name   text not null,                  -- name inside the export folder
    landed_path text,                           -- immutable copy, relative to JOURNEYLINE_HOME
    sha256      text not null,
    size_bytes  bigint not null,
    rows_read   bigint,
    primary key (batch_id, file_name)
);
create index on ops.batch_files (sha256);

create table ops.rejected_rows (
    batch_id      bigint not null references ops.batch_ledger on delete cascade,
    file_name     text not null,
    line_number   bigint,                       -- 1-based; record number inside a JSON document
    column_name   text,
    reason        text not null,
    what_to_do    text,
    original_text text                          -- may hold personal data: granted to the loader role only
);
create index on ops.rejected_rows (batch_id);

create table ops.gate_results (
    gate_result_id bigint generated always as identity primary key,
    point        text not null check (point in ('batch', 'identities', 'marts')),
    subject      text not null,                 -- batch id, identity run id or export date
    export_date  date,
    suite        text not null,
    check_name   text not null,
    column_name  text,
    severity     text not null check (severity in ('critical', 'warning', 'info')),
    passed       boolean not null,
    observed     text,                          -- a figure, never a row value
    evaluated    bigint,
    unexpected   bigint,
    message      text,
    run_at       timestamptz not null default clock_timestamp()
);
create index on ops.gate_results (point, subject);

create table ops.node_results (
    layer       text not null,
    export_date date not null,
    build_seq   bigint not null,
    node_id     text not null,
    status      text not null,
    seconds     double precision,
    rows        bigint,
    message     text,
    run_at      timestamptz not null default clock_timestamp()
);

create table ops.run_log (
    run_log_id  bigint generated always as identity primary key,
    export_date date not null,
    step        text not null,                  -- land, audit_batch, promote, persons, resolve, touchpoints, marts, publish, deliver
    subject     text,
    status      text not null,
    figures     jsonb not null default '{}',    -- counts only
    started_at  timestamptz not null default clock_timestamp(),
    finished_at timestamptz
);
create index on ops.run_log (export_date);

-- How far a consumer has read: (dbt layer, raw object) or (resolution, int table).
create table ops.watermarks (
    consumer text not null,
    source   text not null,
    seq      bigint not null default 0,
    primary key (consumer, source)
);

create table ops.publish_log (
    publish_id      bigint generated always as identity primary key,
    export_date     date not null,
    published_at    timestamptz not null default clock_timestamp(),
    status          text not null default 'live' check (status in ('live', 'rolled_back')),
    rolled_back_at  timestamptz,
    affected        bigint not null,
    everyone        boolean not null default false,
    identity_run_id bigint,
    watermark_seq   bigint not null,            -- ops.build_seq covered by this publish
    rules_hash      text not null
);

create table ops.publish_tables (
    publish_id   bigint not null references ops.publish_log on delete cascade,
    table_name   text not null,
    rows_deleted bigint not null,
    rows_inserted bigint not null,
    undo_table   text,
    primary key (publish_id, table_name)
);
