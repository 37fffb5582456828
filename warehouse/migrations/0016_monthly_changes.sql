-- What each publish changed in the monthly figures: totals are the sum over live publishes, so a rolled-back publish
-- takes its changes with it and no publish reads more than the rows it replaces.
drop table ops.restatements;

create table ops.monthly_changes (
    publish_id  bigint not null references ops.publish_log on delete cascade,
    mart        text not null,
    metric      text not null,
    period      date not null,               -- first day of the month
    change      numeric not null,
    reason      text not null check (reason in ('rules', 'identity', 'late_data', 'clock', 'baseline')),
    primary key (publish_id, mart, metric, period)
);
create index on ops.monthly_changes (mart, metric, period);
comment on table ops.monthly_changes is
    'One row per publish, mart, metric and month whose figure it changed. baseline: counted anew, nobody''s restatement.';
grant select, insert, update, delete on ops.monthly_changes to journeyline_transformer;
