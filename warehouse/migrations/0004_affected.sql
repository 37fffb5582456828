-- Whom a night touches, and how far it had read when that was worked out. One line: the night in preparation.
-- publish() copies it into ops.publish_log, so that what it covers is what find_affected() saw, not what came later.

create table marts_next.affected_customers (
    golden_customer_id uuid primary key,
    reason             text not null     -- the first of: everyone, touchpoint, order, ticket, record, moved, identity, clock
);
comment on table marts_next.affected_customers is
    'Customers (current and retired ids) whose rows this night replaces; the reason is one of several there may be.';

create table ops.next_publish (
    is_only_row     boolean primary key default true check (is_only_row),
    export_date     date not null,
    everyone        boolean not null,
    affected        bigint not null,
    reasons         jsonb not null,      -- kind → customers; a customer may count under several kinds
    watermarks      jsonb not null,      -- int_* table → newest _changed_seq seen
    identity_run_id bigint,
    rules_hash      text not null
);

alter table ops.publish_log add column watermarks jsonb not null default '{}';

-- How rollback undoes one table: rows (the affected customers' old rows are kept), full (all old rows and, through
-- old_columns, the old shape), created (the publish made the table: rolling back empties it).
alter table ops.publish_tables add column undo_kind text not null default 'rows'
    check (undo_kind in ('rows', 'full', 'created'));
alter table ops.publish_tables add column old_columns jsonb;

grant select, insert, update, delete on ops.next_publish to journeyline_transformer;
