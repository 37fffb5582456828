-- Statistics that are fitted on everybody, views among the published marts, who sees lists of persons, and which past
-- figures a publish moved.

create table ops.fits (
    fit_id      bigint generated always as identity primary key,
    fit_name    text not null,
    version     integer not null,            -- of the method: another one makes a new fit due
    export_date date not null,               -- the night it was fitted in: its as-of date
    rules_hash  text not null,               -- of the dbt project: stages and facts as they were defined then
    parameters  jsonb,                       -- null: the statistic needs none
    evaluation  jsonb not null default '{}', -- how well it does, on data it was not fitted on where that is possible
    seconds     double precision,            -- of processor time
    publish_id  bigint references ops.publish_log on delete cascade,  -- null: of a night that is not published (yet)
    fitted_at   timestamptz not null default clock_timestamp()
);
create index on ops.fits (fit_name, export_date);
comment on table ops.fits is
    'One row per statistic and night in which it was fitted. In force: the newest one that is tonight''s own, or whose'
    ' publish is live.';

alter table ops.next_publish add column refit boolean not null default false;  -- fitted marts hold everybody's rows
alter table ops.publish_log add column refit boolean not null default false;

-- view: the publish made or changed a view; old_columns holds its earlier definition, comments and readers.
alter table ops.publish_tables drop constraint publish_tables_undo_kind_check;
alter table ops.publish_tables add constraint publish_tables_undo_kind_check
    check (undo_kind in ('rows', 'full', 'created', 'view'));

create table ops.restatements (
    publish_id bigint not null references ops.publish_log on delete cascade,
    mart       text not null,
    period     date not null,                -- first day of the month
    metric     text not null,
    before     numeric not null,
    after      numeric not null,
    reason     text not null,                -- rules, identity, late_data
    primary key (publish_id, mart, period, metric)
);
comment on table ops.restatements is
    'Figures of months that had ended before the previous publish, as they were before and after a publish.';

-- Lists of persons (who is in an audience, what somebody is worth) are not for everybody who reads marts.
do $$
begin
    if not exists (select 1 from pg_roles where rolname = 'person_reader') then
        begin
            create role person_reader nologin;
        exception when duplicate_object or unique_violation or internal_error then
            null;  -- another database's migration was faster
        end;
    end if;
    if not pg_has_role('person_reader', 'bi_reader', 'member') then
        begin
            grant bi_reader to person_reader;
        exception when duplicate_object or unique_violation or internal_error then
            null;
        end;
    end if;
end
$$;
grant usage on schema marts to person_reader;
grant select, insert, update, delete on ops.fits, ops.restatements to journeyline_transformer;
grant usage, select on all sequences in schema ops to journeyline_transformer;
