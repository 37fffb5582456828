-- Label-free quality of a proposed identity run, for the gate. Computed on the proposal, before anything is accepted.
-- A function in plpgsql, because the int tables that it reads are made by dbt later than this migration.

create function identity.proposed_customer_quality() returns table (
    run_id bigint, golden_customer_id uuid, is_new boolean, record_count bigint, platform_count bigint,
    given_name_count bigint, birth_date_count bigint, email_count bigint, weakest_link double precision)
language plpgsql stable as $$
begin
    return query
    with run as (
        select r.run_id as proposed_run_id from identity.runs r where r.status = 'proposed' order by r.run_id desc limit 1
    ),
    touched as (
        select n.golden_customer_id as id, n.is_new as fresh
        from identity.next_golden_customers n join run on n.run_id = run.proposed_run_id
        where n.status = 'live'
    ),
    members as (
        select l.golden_customer_id as id, l.source_record_key, l.match_probability
        from identity.next_record_links l join run on l.run_id = run.proposed_run_id
        where l.golden_customer_id is not null
        union all
        select h.golden_customer_id, h.source_record_key, h.match_probability
        from touched t
        join identity.record_links h on h.golden_customer_id = t.id and h.valid_to_run_id is null
        where not exists (select 1 from identity.next_record_links n join run on n.run_id = run.proposed_run_id
                          where n.source_record_key = h.source_record_key)
    )
    select (select proposed_run_id from run), t.id, t.fresh, count(*), count(distinct r.source_platform),
           -- first words only, initials left out: Anna, Anna Maria and A. are one name
           count(distinct lower(split_part(btrim(coalesce(r.given_name, r.full_name)), ' ', 1)))
               filter (where length(split_part(btrim(coalesce(r.given_name, r.full_name)), ' ', 1)) > 2),
           count(distinct r.birth_date),
           count(distinct lower(btrim(r.email))),
           min(m.match_probability)
    from touched t
    join members m on m.id = t.id
    join intermediate.int_person_records r on r.source_record_key = m.source_record_key
    group by t.id, t.fresh;
end $$;

create view identity.next_customer_quality as
select * from identity.proposed_customer_quality();
comment on view identity.next_customer_quality is
    'One row per live golden customer that the proposed run touches: how many records, platforms, given names, birth dates and e-mails it would have.';

create view identity.next_run_quality as
select
    r.run_id, r.kind, r.export_date, r.churn_rate, r.customers_total, r.merged_count, r.split_count,
    r.merged_count::double precision / nullif(r.customers_total, 0) as merged_rate,
    q.customers_touched, q.largest_customer, q.customers_oversized, q.customers_many_given_names,
    q.customers_several_birth_dates, q.customers_weakly_linked
from identity.runs r
cross join lateral (
    select
        count(*) as customers_touched,
        coalesce(max(record_count), 0) as largest_customer,
        count(*) filter (where record_count > 100) as customers_oversized,
        count(*) filter (where given_name_count > 3) as customers_many_given_names,
        count(*) filter (where birth_date_count > 1) as customers_several_birth_dates,
        count(*) filter (where record_count >= 4 and weakest_link < 0.8) as customers_weakly_linked
    from identity.next_customer_quality c where c.run_id = r.run_id
) q
where r.status = 'proposed';
comment on view identity.next_run_quality is
    'One row per proposed run: churn, merges and label-free quality of the customers that it touches.';
