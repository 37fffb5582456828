-- Golden ids for ever, decisions, review: what happened to which id, where any id is now, who decided what.

alter table identity.runs drop constraint runs_kind_check;
alter table identity.runs add constraint runs_kind_check check (kind in ('full', 'increment', 'erasure', 'rollback'));
alter table identity.runs add column moved_count bigint not null default 0;
comment on column identity.runs.moved_count is 'Known records whose golden id changed; churn_rate is their share of all known records';
comment on column identity.runs.kind is
    'full: every record was looked at; increment: what changed; erasure: a person was erased; rollback: identities as before an earlier run';

-- Earlier members of an id: who would take it back, where its records are now.
create index record_links_earlier on identity.record_links (golden_customer_id) where valid_to_run_id is not null;

alter table identity.golden_id_changes add column export_date date;
alter table identity.golden_id_changes add column reason text;
alter table identity.next_golden_id_changes add column reason text;
update identity.golden_id_changes c set export_date = r.export_date from identity.runs r where r.run_id = c.run_id;
update identity.golden_id_changes set reason = case change_kind when 'create' then 'first seen' when 'retire' then 'records left'
    when 'revive' then 'records returned' when 'delete' then 'erased' else 'evidence' end;
create index on identity.golden_id_changes (export_date);

-- One step instead of a chain: a closed id points at the customer that holds most of its records.
with recursive steps as (
    select golden_customer_id as start_id, merged_into_id as target, 1 as step
    from identity.golden_customers where status = 'merged'
    union all
    select s.start_id, c.merged_into_id, s.step + 1
    from steps s join identity.golden_customers c on c.golden_customer_id = s.target and c.status = 'merged'
)
update identity.golden_customers c set merged_into_id = last.target
from (select distinct on (start_id) start_id, target from steps order by start_id, step desc) last
where c.golden_customer_id = last.start_id and c.merged_into_id is distinct from last.target;

comment on table identity.golden_customers is 'One row per golden id ever issued; never deleted, never reused';
comment on column identity.golden_customers.status is
    'live; merged: its records belong to another; retired: its records left (it comes back with them); deleted: erased (it never comes back)';
comment on column identity.golden_customers.merged_into_id is
    'Of a closed id: the customer that holds most of its records, always one step away; null: nobody holds them';
comment on column identity.golden_customers.closed_run_id is 'Run that merged, retired or deleted it; null while it lives';
comment on column identity.golden_customers.founding_record_key is 'Record whose key the id was made from';

comment on table identity.golden_id_changes is 'What happened to golden ids, one row per run, kind and pair of ids';
comment on column identity.golden_id_changes.export_date is 'Night of the run';
comment on column identity.golden_id_changes.change_kind is
    'create; merge: from_id ended in to_id; split: records of from_id went to to_id (new, or another customer); revive: to_id lives again (from_id: who held its records meanwhile); retire; delete';
comment on column identity.golden_id_changes.from_id is 'Old id; null for an id that was created or whose records were away';
comment on column identity.golden_id_changes.to_id is 'New id; null for an id that was retired or deleted';
comment on column identity.golden_id_changes.records_moved is 'Records that went from the old id to the new one; else the size of the customer';
comment on column identity.golden_id_changes.reason is
    'first seen, evidence, decision, records returned, records left, erased, or the rollback that did it';
comment on column identity.golden_id_changes.evidence is 'Names of the evidence that joined a merge, and whether to_id is new; never values';

create view identity.golden_ids as
select
    c.golden_customer_id,
    case
        when c.status = 'live' then c.golden_customer_id
        when target.status = 'live' then c.merged_into_id
        -- its own records left meanwhile; others that it had once may still be somebody's
        else (select x.golden_customer_id from identity.golden_customer_id_xref x
              where x.any_golden_customer_id = c.golden_customer_id order by x.records desc, 1 limit 1)
    end as present_id,
    c.status, c.created_date, c.created_run_id, r.export_date as closed_date, c.closed_run_id, c.record_count
from identity.golden_customers c
left join identity.golden_customers target on target.golden_customer_id = c.merged_into_id
left join identity.runs r on r.run_id = c.closed_run_id;
comment on view identity.golden_ids is
    'Where any golden id ever issued is now: present_id is itself while it lives, else the live customer that holds most of its records; null: retired or erased';

create view identity.record_golden_ids as
with islands as (
    select l.*, sum(l.begins) over (partition by l.source_record_key order by l.valid_from_run_id) as island
    from (
        select h.source_record_key, h.golden_customer_id, h.valid_from_run_id, h.valid_to_run_id,
            case when lag(h.golden_customer_id) over record = h.golden_customer_id
                  and lag(h.valid_to_run_id) over record = h.valid_from_run_id then 0 else 1 end as begins
        from identity.record_links h
        window record as (partition by h.source_record_key order by h.valid_from_run_id)
    ) l
),
spans as (
    select source_record_key, golden_customer_id, min(valid_from_run_id) as valid_from_run_id,
        case when bool_or(valid_to_run_id is null) then null else max(valid_to_run_id) end as valid_to_run_id
    from islands group by source_record_key, island, golden_customer_id
)
select s.source_record_key, s.golden_customer_id, f.export_date as valid_from, t.export_date as valid_to,
    s.valid_to_run_id is null as is_current, s.valid_from_run_id, s.valid_to_run_id
from spans s
join identity.runs f on f.run_id = s.valid_from_run_id
left join identity.runs t on t.run_id = s.valid_to_run_id;
comment on view identity.record_golden_ids is
    'Slowly changing mapping (type 2): which golden id a record had from valid_from up to, but not including, valid_to (null: now)';
comment on column identity.record_golden_ids.valid_from is 'Night from which the record had this id';
comment on column identity.record_golden_ids.valid_to is 'Night from which it no longer had it; runs tell apart changes of one night';

create view identity.run_churn as
select r.run_id, r.export_date, r.kind, r.records_total, r.moved_count, r.churn_rate, r.customers_total,
    r.created_count, r.merged_count, r.split_count, r.revived_count, r.retired_count, r.deleted_count,
    (r.merged_count + r.split_count + r.revived_count)::double precision / nullif(r.customers_total, 0)
        as changed_customer_rate
from identity.runs r where r.status = 'accepted';
comment on view identity.run_churn is
    'One row per accepted run: records whose golden id changed (moved_count, churn_rate of all known records) and customers born, merged, split, revived, retired, deleted';

-- Decisions: where they come from and who took them back.
alter table identity.decisions add column source text not null default 'command';
alter table identity.decisions add column revoked_by text;
alter table identity.decisions add column revoked_reason text;
comment on table identity.decisions is
    'Two records are the same person, or are not: always honoured, whatever the model says; rows are never deleted but by an erasure';
comment on column identity.decisions.source is
    'command, review, unmerge, or the name of the file in the decisions folder; a row that leaves its file is revoked the next night';
comment on column identity.decisions.revoked_at is 'From then on it no longer counts; null: in force';
create index on identity.decisions (right_key) where revoked_at is null;

-- Pairs that a run found probable, but not probable enough: what a person could decide.
create table identity.near_pairs (
    left_key uuid not null,
    right_key uuid not null,
    evidence text not null,
    match_weight real not null,
    match_probability double precision not null,
    run_id bigint not null references identity.runs,
    primary key (left_key, right_key),
    check (left_key < right_key)
);
create index on identity.near_pairs (right_key);
comment on table identity.near_pairs is 'Compared pairs below the threshold that a person could decide; evidence is a pattern of levels, never a value';
create table identity.next_near_pairs (
    run_id bigint not null, left_key uuid not null, right_key uuid not null, evidence text not null,
    match_weight real not null, match_probability double precision not null, is_withdrawn boolean not null default false);

create view identity.review_queue as
with live as (
    select l.source_record_key, l.golden_customer_id, c.record_count
    from identity.record_links l join identity.golden_customers c using (golden_customer_id)
    where l.valid_to_run_id is null
),
apart as (  -- evidence across two customers: what a limit, a contradiction or a weak bridge refused, or what fell short
    select e.left_key, e.right_key, e.match_probability, e.evidence, e.what,
        a.golden_customer_id as left_id, b.golden_customer_id as right_id,
        e.match_probability * a.record_count * b.record_count as value
    from (
        select left_key, right_key, match_probability, evidence, 'refused' as what
        from identity.match_edges where kind <> 'decision'
        union all
        select left_key, right_key, match_probability, evidence, 'borderline' from identity.near_pairs
    ) e
    join live a on a.source_record_key = e.left_key
    join live b on b.source_record_key = e.right_key
    where a.golden_customer_id <> b.golden_customer_id
),
weak as (  -- customers that hang together by one doubtful link: the records behind it
    select l.golden_customer_id, min(l.match_probability) as match_probability, max(c.record_count) as record_count
    from identity.record_links l join identity.golden_customers c using (golden_customer_id)
    where l.valid_to_run_id is null and c.record_count > 1
    group by 1 having min(l.match_probability) < 0.95
),
bridges as (
    select e.left_key, e.right_key, w.match_probability, e.evidence, 'weak bridge' as what,
        w.golden_customer_id as left_id, w.golden_customer_id as right_id,
        (1 - w.match_probability) * s.records * (w.record_count - s.records) as value
    from weak w
    cross join lateral (
        select array_agg(k.source_record_key) as side, count(*) as records from identity.record_links k
        where k.golden_customer_id = w.golden_customer_id and k.valid_to_run_id is null
          and k.match_probability = w.match_probability
    ) s
    cross join lateral (
        select m.left_key, m.right_key, m.evidence
        from identity.match_edges m
        join identity.record_links a on a.source_record_key = m.left_key and a.valid_to_run_id is null
        join identity.record_links b on b.source_record_key = m.right_key and b.valid_to_run_id is null
        where m.match_probability = w.match_probability and m.kind <> 'decision'
          and a.golden_customer_id = w.golden_customer_id and b.golden_customer_id = w.golden_customer_id
          and (m.left_key = any(s.side) or m.right_key = any(s.side))
        order by m.match_weight desc, m.left_key, m.right_key limit 1
    ) e
    where w.record_count > s.records
),
found as (
    select * from apart union all select * from bridges
),
answered as (  -- customers about whom somebody has decided already, and pairs
    select least(a.golden_customer_id, b.golden_customer_id) as left_id,
        greatest(a.golden_customer_id, b.golden_customer_id) as right_id, d.left_key, d.right_key
    from identity.decisions d
    join live a on a.source_record_key = d.left_key
    join live b on b.source_record_key = d.right_key
    where d.revoked_at is null
)
select distinct on (value, customers) f.left_key, f.right_key, f.what, f.evidence, f.match_probability, f.value,
    f.left_id as left_golden_customer_id, f.right_id as right_golden_customer_id
from (
    select found.*, array[least(left_id, right_id), greatest(left_id, right_id)] as customers,
        row_number() over (partition by least(left_id, right_id), greatest(left_id, right_id)
                           order by match_probability desc, left_key, right_key) as place
    from found
) f
where f.place = 1
  and not exists (select 1 from answered n where f.left_id <> f.right_id and n.left_id = f.customers[1] and n.right_id = f.customers[2])
  and not exists (select 1 from answered n where n.left_key = f.left_key and n.right_key = f.right_key)
order by value desc, customers;
comment on view identity.review_queue is
    'Pairs of records worth a decision, the most valuable first, one per pair of customers: borderline (nearly joined), refused (evidence that a limit or a contradiction overruled), weak bridge (a customer that hangs on one doubtful link). Answered ones never come again';
comment on column identity.review_queue.value is
    'Expected number of pairs of records that a decision changes: the chance that today''s answer is wrong, times the records it joins or parts';
comment on column identity.review_queue.what is 'borderline, refused or weak bridge';

-- Erasure: whom not to let in again (keyed hashes only), and what was done (no personal data).
create table identity.deny_list (
    value_hash  bytea primary key,
    kind        text not null,
    erasure_id  bigint not null,
    denied_from date not null
);
comment on table identity.deny_list is
    'Keyed hashes of identifiers of erased persons: rows of later exports that hold one of them are kept out';
comment on column identity.deny_list.value_hash is 'HMAC-SHA256 of kind, namespace and value';

create table ops.erasures (
    erasure_id         bigint generated always as identity primary key,
    golden_customer_id uuid not null,
    status             text not null default 'started' check (status in ('started', 'done')),
    author             text not null,
    reason             text not null,
    export_date        date not null,
    run_id             bigint,
    record_keys        uuid[] not null,
    rows_erased        jsonb not null default '{}',
    started_at         timestamptz not null default clock_timestamp(),
    finished_at        timestamptz
);
comment on table ops.erasures is 'Who was erased when, by whom and why: golden ids, counts per table, never personal data';
comment on column ops.erasures.record_keys is 'Records being erased; emptied when it is done';
comment on column ops.erasures.rows_erased is 'Table → rows deleted';

create table ops.denied_rows (
    batch_id    bigint not null references ops.batch_ledger on delete cascade,
    platform    text not null,
    object      text not null,
    export_date date not null,
    rows_denied bigint not null,
    primary key (batch_id)
);
comment on table ops.denied_rows is 'Rows of exports that were kept out because they hold an identifier of an erased person; counted in the ledger as rejected';

create table ops.installation (
    is_only_row boolean primary key default true check (is_only_row),
    deny_salt   bytea not null
);
comment on table ops.installation is 'The salt of this installation; used where no secret is set (JOURNEYLINE_DENY_SECRET)';

revoke all on ops.installation from journeyline_transformer;
grant select on identity.golden_ids, identity.record_golden_ids, identity.run_churn, identity.review_queue to journeyline_transformer;
grant select, insert, update, delete on identity.near_pairs, identity.next_near_pairs, identity.deny_list to journeyline_transformer;
grant usage on schema identity to journeyline_loader;
grant select on identity.deny_list to journeyline_loader;
grant select, insert on ops.denied_rows, ops.installation to journeyline_loader;
grant select, insert, update, delete on ops.erasures to journeyline_loader;
