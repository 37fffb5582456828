-- The identity registry. Written only by resolution (accept_run) and erasure; nothing here is ever updated except to close a validity.

create table identity.runs (
    run_id            bigint generated always as identity primary key,
    export_date       date not null,
    kind              text not null check (kind in ('full', 'increment', 'erasure')),
    status            text not null default 'proposed' check (status in ('proposed', 'accepted', 'discarded')),
    reason            text,
    parameter_version integer,
    source_seq        bigint not null default 0,     -- int_* sequence read up to and including
    records_total     bigint not null default 0,
    records_changed   bigint not null default 0,
    pairs_compared    bigint not null default 0,
    edges_certain     bigint not null default 0,
    edges_probable    bigint not null default 0,
    customers_total   bigint not null default 0,
    created_count     bigint not null default 0,
    merged_count      bigint not null default 0,
    split_count       bigint not null default 0,
    revived_count     bigint not null default 0,
    retired_count     bigint not null default 0,
    deleted_count     bigint not null default 0,
    oversized_count   bigint not null default 0,
    churn_rate        double precision,              -- share of earlier records whose golden id changed
    started_at        timestamptz not null default clock_timestamp(),
    finished_at       timestamptz
);

create table identity.model_parameters (
    parameter_version integer generated always as identity primary key,
    trained_by_run_id bigint,
    trained_at        timestamptz not null default clock_timestamp(),
    is_active         boolean not null default false,
    config_hash       text not null,
    parameters        jsonb not null                 -- prior, m, u, term frequencies by reference, threshold
);

-- Every golden id ever issued.
create table identity.golden_customers (
    golden_customer_id uuid primary key,
    created_run_id     bigint not null references identity.runs,
    created_date       date not null,
    status             text not null default 'live' check (status in ('live', 'merged', 'retired', 'deleted')),
    merged_into_id     uuid references identity.golden_customers,
    closed_run_id      bigint references identity.runs,
    record_count       integer not null default 0,
    founding_record_key uuid not null
);
create index on identity.golden_customers (merged_into_id) where merged_into_id is not null;

-- Slowly changing mapping record → golden id. Current rows have valid_to_run_id null.
create table identity.record_links (
    source_record_key  uuid not null,
    golden_customer_id uuid not null references identity.golden_customers,
    valid_from_run_id  bigint not null references identity.runs,
    valid_to_run_id    bigint references identity.runs,
    decided_by         text not null check (decided_by in ('certain', 'probable', 'decision', 'single')),
    match_probability  double precision,             -- weakest link on the record's best path into its customer
    primary key (source_record_key, valid_from_run_id)
);
create unique index record_links_current on identity.record_links (source_record_key) where valid_to_run_id is null;
create index on identity.record_links (golden_customer_id) where valid_to_run_id is null;
create index on identity.record_links (valid_from_run_id);
create index on identity.record_links (valid_to_run_id) where valid_to_run_id is not null;

-- Life-cycle events with their evidence.
create table identity.golden_id_changes (
    change_id     bigint generated always as identity primary key,
    run_id        bigint not null references identity.runs,
    change_kind   text not null check (change_kind in ('create', 'merge', 'split', 'revive', 'retire', 'delete')),
    from_id       uuid,
    to_id         uuid,
    records_moved integer not null default 0,
    evidence      jsonb not null default '{}'        -- identifier types, weights, rule names; never values
);
create index on identity.golden_id_changes (run_id);
create index on identity.golden_id_changes (from_id);
create index on identity.golden_id_changes (to_id);

-- Accepted evidence between two records, left_key < right_key.
create table identity.match_edges (
    left_key          uuid not null,
    right_key         uuid not null,
    kind              text not null check (kind in ('certain', 'probable', 'decision')),
    evidence          text not null,                 -- identifier type, or the level pattern
    match_weight      real not null,                 -- log2 Bayes factor incl. prior
    match_probability double precision not null,
    run_id            bigint not null references identity.runs,
    primary key (left_key, right_key, kind, evidence),
    check (left_key < right_key)
);
create index on identity.match_edges (right_key);

-- What the matcher needs to find neighbours of a changed record.
create table identity.block_keys (
    source_record_key uuid not null,
    pass              smallint not null,
    block_key         bigint not null,
    primary key (source_record_key, pass, block_key)
);
create index on identity.block_keys (pass, block_key);

-- Golden record by survivorship, with provenance.
create table identity.golden_records (
    golden_customer_id uuid primary key references identity.golden_customers,
    email text, phone text, full_name text, given_name text, family_name text, birth_date date,
    address_line text, city text, postcode text, region text, country_code text, company text,
    email_consent text, sms_consent text,
    is_identified      boolean not null,             -- somebody could write to, call or recognise this person
    record_count       integer not null,
    platform_count     integer not null,
    first_seen_at      timestamptz,
    last_seen_at       timestamptz,
    provenance         jsonb not null default '{}',  -- attribute → {source_record_key, rule}
    conflicts          text[] not null default '{}', -- attributes with more than one live value
    household_id       uuid,
    run_id             bigint not null references identity.runs
);

create table identity.decisions (
    decision_id bigint generated always as identity primary key,
    left_key    uuid not null,
    right_key   uuid not null,
    verdict     text not null check (verdict in ('same', 'different')),
    author      text not null,
    reason      text not null,
    decided_at  timestamptz not null default clock_timestamp(),
    revoked_at  timestamptz,
    check (left_key < right_key)
);
create unique index decisions_live on identity.decisions (left_key, right_key) where revoked_at is null;

-- The proposal of one run, before audit. Same shapes; emptied by accept_run and discard_run.
create table identity.next_record_links (
    run_id bigint not null, source_record_key uuid not null, golden_customer_id uuid,  -- null: the record left
    decided_by text not null, match_probability double precision, primary key (run_id, source_record_key));
create table identity.next_golden_customers (
    run_id bigint not null, golden_customer_id uuid not null, status text not null, merged_into_id uuid,
    record_count integer not null, founding_record_key uuid not null, is_new boolean not null,
    primary key (run_id, golden_customer_id));
create table identity.next_golden_id_changes (
    run_id bigint not null, change_kind text not null, from_id uuid, to_id uuid, records_moved integer not null, evidence jsonb not null);
create table identity.next_match_edges (
    run_id bigint not null, left_key uuid not null, right_key uuid not null, kind text not null, evidence text not null,
    match_weight real not null, match_probability double precision not null, is_withdrawn boolean not null default false);
create table identity.next_block_keys (
    run_id bigint not null, source_record_key uuid not null, pass smallint not null, block_key bigint not null);
create table identity.next_golden_records (
    like identity.golden_records including defaults);

-- Any id ever issued → the ids its records belong to today (1:n after a split).
create view identity.golden_customer_id_xref as
select h.golden_customer_id as any_golden_customer_id, c.golden_customer_id, count(*) as records
from identity.record_links h
join identity.record_links c on c.source_record_key = h.source_record_key and c.valid_to_run_id is null
group by 1, 2;
