-- Why a night of identity resolution was slow or quick: seconds by phase, sizes of what it reached, peak memory.
alter table identity.runs add column figures jsonb not null default '{}';
comment on column identity.runs.figures is
    'phases: list of phase, seconds, cpu_seconds (of the program, not of the server); counts: sizes of what the run reached; peak_memory_mb. Never values of records.';
