-- What the gate reads of a proposed run, what a person looks at when it stopped a night, and households.

-- Measured once, in the transaction of the night, by resolution/quality.py: nicknames, typing errors of dates and bridges
-- are more than SQL says well. The plain functions of 0005 counted `Bob` and `Robert` as two names.
drop view identity.next_run_quality;
drop view identity.next_customer_quality;
drop function identity.proposed_customer_quality();

create table identity.run_quality (
    run_id                         bigint primary key references identity.runs,
    customers_touched              bigint not null,
    customers_of_several           bigint not null,
    largest_customer               bigint not null,
    customers_oversized            bigint not null,
    customers_many_given_names     bigint not null,
    customers_several_birth_dates  bigint not null,
    customers_weakly_bridged       bigint not null,
    customers_two_accounts         bigint not null,
    decisions_disregarded          bigint not null,
    records_keyed                  bigint not null,
    records_with_crowded_values    bigint not null,
    values_crowded                 bigint not null,
    largest_household              bigint not null,
    households_oversized           bigint not null,
    merges_usual                   double precision,
    merge_surprise                 double precision,
    splits_usual                   double precision,
    split_surprise                 double precision
);
comment on table identity.run_quality is 'One row per identity run, discarded ones too: how plausible the customers that it touched are, without any label.';
comment on column identity.run_quality.customers_touched is 'Live customers whose records, evidence or golden record the run proposes anew; the counts of customers below are among these.';
comment on column identity.run_quality.customers_of_several is 'Live customers of at least two records, touched or not.';
comment on column identity.run_quality.largest_customer is 'Records of the largest live customer, touched or not.';
comment on column identity.run_quality.customers_oversized is 'More than 100 records.';
comment on column identity.run_quality.customers_many_given_names is 'More than three given names; initials, nicknames and typing errors of one name are one.';
comment on column identity.run_quality.customers_several_birth_dates is 'More than one birth date; a typing error or a swap of day and month is none.';
comment on column identity.run_quality.customers_weakly_bridged is 'Two groups of at least two records each that one link weaker than 0.9 alone holds together.';
comment on column identity.run_quality.customers_two_accounts is 'Two verified accounts of one namespace, without a decision that says so.';
comment on column identity.run_quality.decisions_disregarded is 'Decisions in force that the proposal would break.';
comment on column identity.run_quality.records_keyed is 'Records whose identifiers the run indexed anew.';
comment on column identity.run_quality.records_with_crowded_values is 'Of these, records that hold a value above the limit of its type (config/identifiers.yml): it joins nobody.';
comment on column identity.run_quality.values_crowded is 'Identifier values above their limit among the touched ones.';
comment on column identity.run_quality.largest_household is 'Customers in the largest household of those that the run proposes anew.';
comment on column identity.run_quality.households_oversized is 'More than eight customers.';
comment on column identity.run_quality.merges_usual is 'Median of merges per changed record in the last 30 accepted runs of the same kind; null with fewer than seven.';
comment on column identity.run_quality.merge_surprise is 'Robust z-score of this run''s merges per changed record against them (median and MAD, with a floor); 0 below 20 merges.';
comment on column identity.run_quality.splits_usual is 'The same for splits.';
comment on column identity.run_quality.split_surprise is 'The same for splits.';

create table identity.quality_findings (
    run_id       bigint not null references identity.runs,
    finding      text not null,
    place        smallint not null,
    subject_kind text not null check (subject_kind in ('customer', 'household', 'decision', 'identifier')),
    subject      text not null,
    figure       double precision not null,
    record_keys  uuid[] not null default '{}',
    primary key (run_id, finding, place)
);
comment on table identity.quality_findings is 'The worst few behind each count of identity.run_quality. Ids only: they survive a discarded run, so that a stopped night can be looked into.';
comment on column identity.quality_findings.finding is 'The column of identity.run_quality that it is counted in.';
comment on column identity.quality_findings.place is '1 = worst.';
comment on column identity.quality_findings.subject is 'Golden customer id, household id, number of the decision, or type of the identifier.';
comment on column identity.quality_findings.figure is 'What is too large: names, dates, records, accounts, members, holders; for weak bridges the link''s probability.';
comment on column identity.quality_findings.record_keys is 'Up to twenty of the records concerned; give two of them to `python -m resolution explain`.';

-- Somebody's word that the next accepted run may move more records than the limit.
create table identity.churn_allowances (
    allowance_id bigint generated always as identity primary key,
    share        double precision not null check (share > 0 and share <= 1),
    author       text not null check (btrim(author) <> ''),
    reason       text not null check (btrim(reason) <> ''),
    granted_at   timestamptz not null default clock_timestamp(),
    revoked_at   timestamptz,
    used_run_id  bigint references identity.runs
);
create unique index churn_allowances_open on identity.churn_allowances ((true)) where used_run_id is null and revoked_at is null;
comment on table identity.churn_allowances is 'Declared leave to move more records than the gate tolerates, for one accepted run: a re-training, new rules. At most one is open.';
comment on column identity.churn_allowances.share is 'Up to this share of the known records may change their golden customer.';
comment on column identity.churn_allowances.used_run_id is 'The run that was accepted under it; then it is spent.';

-- Customers of several records by size, so that a quiet night need not look at everybody.
create index golden_customers_several on identity.golden_customers (record_count desc) where status = 'live' and record_count > 1;

create view identity.quality_over_time as
select
    r.run_id, r.export_date, r.kind, r.status, r.reason, r.records_total, r.records_changed, r.customers_total,
    r.created_count, r.merged_count, r.split_count, r.revived_count, r.retired_count, r.churn_rate,
    r.records_total::double precision / nullif(r.customers_total, 0) as records_per_customer,
    q.customers_of_several::double precision / nullif(r.customers_total, 0) as multi_record_rate,
    q.largest_customer, q.customers_touched, q.customers_many_given_names, q.customers_several_birth_dates,
    q.customers_weakly_bridged, q.merge_surprise, q.split_surprise, q.largest_household,
    a.share as churn_allowed_rate, a.author as churn_allowed_by, a.reason as churn_allowed_reason
from identity.runs r
left join identity.run_quality q using (run_id)
left join identity.churn_allowances a on a.used_run_id = r.run_id;
comment on view identity.quality_over_time is 'One row per identity run, for trends: size, churn, merges, splits, and how plausible the touched customers were.';
comment on column identity.quality_over_time.churn_rate is 'Share of the records known before whose golden customer changed.';
comment on column identity.quality_over_time.records_per_customer is 'Mean size of a customer.';
comment on column identity.quality_over_time.multi_record_rate is 'Share of customers with at least two records.';
comment on column identity.quality_over_time.customers_touched is 'The counts of implausible customers are among these.';
comment on column identity.quality_over_time.churn_allowed_rate is 'Leave that somebody gave for this run (identity.churn_allowances).';

-- Households: customers of one family at one place. They never join persons; persons do not know of them.
create table identity.households (
    household_id         uuid primary key,
    created_run_id       bigint not null references identity.runs,
    status               text not null default 'live' check (status in ('live', 'merged', 'retired')),
    merged_into_id       uuid references identity.households,
    closed_run_id        bigint references identity.runs,
    member_count         integer not null default 0,
    founding_customer_id uuid not null
);
create index on identity.households (founding_customer_id);
comment on table identity.households is 'Every household id ever issued. Opaque, never used again.';
comment on column identity.households.founding_customer_id is 'The smallest customer id among the first members; with the count of ids founded by it before, the id is made of it.';
comment on column identity.households.merged_into_id is 'The household that took over its members.';

create table identity.household_members (
    golden_customer_id uuid primary key references identity.golden_customers,
    household_id       uuid not null references identity.households,
    since_run_id       bigint not null references identity.runs,
    evidence           text[] not null
);
create index on identity.household_members (household_id);
comment on table identity.household_members is 'Today''s members; a household has at least two. A customer is in one household at most.';
comment on column identity.household_members.evidence is 'What the customer shares with another member: name_address, name_phone, name_email, address_phone, address_email. Never a value.';

create table identity.household_keys (
    golden_customer_id uuid not null,
    kind               smallint not null,
    household_key      bigint not null,
    primary key (golden_customer_id, kind, household_key)
);
create index on identity.household_keys (kind, household_key);
comment on table identity.household_keys is 'Hashes of what a customer could share with a household, for the increment: kind 1 to 5 joins, kind 6 counts the families at an address.';

create table identity.next_households (
    run_id bigint not null, household_id uuid not null, status text not null, merged_into_id uuid,
    member_count integer not null, founding_customer_id uuid not null, is_new boolean not null,
    primary key (run_id, household_id));
create table identity.next_household_members (
    run_id bigint not null, golden_customer_id uuid not null, household_id uuid, evidence text[] not null,   -- null: left
    primary key (run_id, golden_customer_id));
create table identity.next_household_keys (
    run_id bigint not null, golden_customer_id uuid not null, kind smallint not null, household_key bigint not null);
