-- From where the next pull of a vendor's API goes on. A batch proposes cursors when it has landed; promoting it commits
-- them in the same transaction as its rows, so a cursor never runs ahead of the data, nor the data ahead of a cursor.

create table ops.proposed_cursors (
    batch_id bigint not null references ops.batch_ledger (batch_id) on delete cascade,
    connection text not null,
    endpoint text not null,
    account text not null default '',
    state jsonb not null,
    primary key (batch_id, connection, endpoint, account)
);
comment on table ops.proposed_cursors is 'Cursors that a batch brings; committed when it is promoted, void when it is not';

create table ops.cursors (
    platform text not null,
    object text not null,
    connection text not null,
    endpoint text not null,
    account text not null default '',
    export_date date not null,
    state jsonb not null,
    batch_id bigint not null,
    committed_at timestamptz not null default clock_timestamp(),
    primary key (platform, object, connection, endpoint, account, export_date)
);
comment on table ops.cursors is 'How far the promoted data of an object reach, by night: a night starts from the newest row of an earlier export date';
comment on column ops.cursors.account is 'Account of the connection (a page, a shop); empty when the connection has only one';
comment on column ops.cursors.state is '{"time": newest time seen (ISO), "token": the vendor''s own cursor}';

grant select, insert, update, delete on ops.proposed_cursors, ops.cursors to journeyline_loader;
grant select on ops.proposed_cursors, ops.cursors to journeyline_transformer;
