-- Identity resolution of millions of records: why a night was slow or quick, and what it must not pay for every row.

alter table identity.runs add column figures jsonb not null default '{}';
comment on column identity.runs.figures is
    'phases: list of phase, seconds, cpu_seconds (of the program, not of the server); counts: sizes of what the run reached; peak_memory_mb. Never values of records.';

-- The number of a run comes from the row of identity.runs that accepting it has locked. Looking it up again for every
-- row took half of the time of an acceptance. References to customers stay checked.
alter table identity.match_edges drop constraint match_edges_run_id_fkey;
alter table identity.record_links
    drop constraint record_links_valid_from_run_id_fkey, drop constraint record_links_valid_to_run_id_fkey;
alter table identity.golden_records drop constraint golden_records_run_id_fkey;

-- Whom did the last runs change? Asked every night, of all customers.
create index on identity.golden_records (run_id);

-- Decisions as applied are few among millions of edges, and every night compares them with those in force.
create index match_edges_decisions on identity.match_edges (left_key) where kind = 'decision';

-- A key is written once and looked up by its value or by its record; it needs no index over all three columns.
alter table identity.block_keys drop constraint block_keys_pkey;
drop index identity.block_keys_pass_block_key_idx;
create index block_keys_0_by_key on identity.block_keys (block_key);
create index block_keys_0_by_record on identity.block_keys (source_record_key);
create index block_keys_0_of_identifiers on identity.block_keys (source_record_key) where pass >= 1000;
