-- The review queue once nights fill identity.near_pairs, and what a decision is worth as files count it (resolution/reviewing.py).

-- The number of a run comes from the row of identity.runs that accepting it has locked, as for evidence (0010).
alter table identity.near_pairs drop constraint near_pairs_run_id_fkey;

create or replace view identity.review_queue as
with live as (
    select l.source_record_key, l.golden_customer_id, c.record_count
    from identity.record_links l join identity.golden_customers c using (golden_customer_id)
    where l.valid_to_run_id is null
),
in_force as (
    select coalesce(max((parameters ->> 'threshold')::double precision), 0.5) as threshold
    from identity.model_parameters where is_active
),
pairs as (  -- across two customers: what a limit, a contradiction or a weak bridge refused, or what fell short; each pair once
    select distinct on (e.left_key, e.right_key) e.left_key, e.right_key, e.match_probability, e.evidence,
        a.golden_customer_id as left_id, b.golden_customer_id as right_id,
        a.record_count::bigint * b.record_count as records
    from (
        select left_key, right_key, match_probability, match_weight, evidence
        from identity.match_edges where kind <> 'decision'
        union all
        select left_key, right_key, match_probability, match_weight, evidence from identity.near_pairs
    ) e
    join live a on a.source_record_key = e.left_key
    join live b on b.source_record_key = e.right_key
    where a.golden_customer_id <> b.golden_customer_id
    order by e.left_key, e.right_key, e.match_probability desc, e.match_weight desc, e.evidence
),
ranked as (
    select p.*, sum(p.match_probability) over customers as expected,
        row_number() over (customers order by p.match_probability desc, p.left_key, p.right_key) as place
    from pairs p
    window customers as (partition by least(p.left_id, p.right_id), greatest(p.left_id, p.right_id))
),
apart as (  -- where something else than the probability keeps them apart, half of the pairs at most
    select r.left_key, r.right_key, r.match_probability, r.evidence,
        case when r.match_probability >= t.threshold then 'refused' else 'borderline' end as what, r.left_id, r.right_id,
        case when r.match_probability >= t.threshold then least(r.expected, 0.5 * r.records) else r.expected end as value
    from ranked r cross join in_force t where r.place = 1
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
select f.left_key, f.right_key, f.what, f.evidence, f.match_probability, round(f.value::numeric, 9)::double precision as value,
    f.left_id as left_golden_customer_id, f.right_id as right_golden_customer_id
from found f
where not exists (select 1 from answered n where f.left_id <> f.right_id
                  and n.left_id = least(f.left_id, f.right_id) and n.right_id = greatest(f.left_id, f.right_id))
  and not exists (select 1 from answered n where n.left_key = f.left_key and n.right_key = f.right_key)
order by value desc, f.left_key, f.right_key;
comment on column identity.review_queue.value is
    'Pairs of records that are expected to be wrong now and that the answer puts right: between two customers the sum of the chances of their pairs, at most half of all pairs where the evidence was refused; of a link 1 - p of the pairs that hang on it';
comment on table identity.near_pairs is
    'Compared pairs of probability 0.2 up to the threshold, which a person could decide; evidence is a pattern of levels, never a value. What was refused above the threshold is in match_edges';
