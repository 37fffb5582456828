-- Who may see what. Group roles without login: give them to people and tools with `grant bi_reader to <login>`.
-- Roles belong to the whole server, so several databases may migrate at the same moment: an existing role is left as
-- it is, and whoever comes second in a race accepts the first one's work (internal_error: "tuple concurrently updated").
do $$
declare
    role_name text;
begin
    foreach role_name in array array['journeyline_loader', 'journeyline_transformer', 'bi_reader', 'pii_reader'] loop
        if not exists (select 1 from pg_roles where rolname = role_name) then
            begin
                execute format('create role %I nologin', role_name);
            exception when duplicate_object or unique_violation or internal_error then
                null;  -- another database's migration was faster
            end;
        end if;
    end loop;
    if not pg_has_role('pii_reader', 'bi_reader', 'member') then
        begin
            grant bi_reader to pii_reader;  -- pii_reader sees what bi_reader sees, and the contact details
        exception when duplicate_object or unique_violation or internal_error then
            null;
        end;
    end if;
end
$$;

-- The loader writes landing and raw, and keeps the book.
grant usage, create on schema landing, raw, raw_history to journeyline_loader;
grant usage on schema ops to journeyline_loader;
grant select, insert, update, delete, truncate on all tables in schema landing, raw, raw_history, ops to journeyline_loader;
grant usage, select on all sequences in schema ops to journeyline_loader;

-- The transformer reads raw and writes everything that is derived from it. It never sees rejected rows' original text.
grant usage on schema raw, raw_history, ops to journeyline_transformer;
grant usage, create on schema staging, intermediate, identity, marts_next, marts, marts_undo to journeyline_transformer;
grant select on all tables in schema raw, raw_history, ops to journeyline_transformer;
grant select, insert, update, delete, truncate on all tables in schema staging, intermediate, identity, marts_next, marts, marts_undo
    to journeyline_transformer;
grant insert, update, delete on ops.node_results, ops.gate_results, ops.run_log, ops.watermarks, ops.publish_log, ops.publish_tables
    to journeyline_transformer;
grant usage, select on all sequences in schema ops to journeyline_transformer;
revoke all on ops.rejected_rows from journeyline_transformer;

-- Tables that the migrating account makes later are reachable in the same way.
alter default privileges in schema landing, raw, raw_history
    grant select, insert, update, delete, truncate on tables to journeyline_loader;
alter default privileges in schema raw, raw_history grant select on tables to journeyline_transformer;
alter default privileges in schema staging, intermediate, identity, marts_next, marts, marts_undo
    grant select, insert, update, delete, truncate on tables to journeyline_transformer;

-- Readers: the schema here, the tables one by one when they are published (contact details only to pii_reader).
grant usage on schema marts to bi_reader, pii_reader;
