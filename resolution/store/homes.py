"""Which closed ids each record could take back: what the return of ids rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.store.bulk import copy_out

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

# The links of a record, the newest first, as long as each followed a merge (or a time away): these customers were one
# with its present one. The first of them that is closed now, since the record was last away, is the id that the record
# came in with: its own. Of a record that has no customer now it is the last of them.
HOMES = """
with earlier as (
    select l.source_record_key, l.golden_customer_id, l.valid_from_run_id, l.valid_to_run_id,
        lead(l.golden_customer_id) over later as next_id, lead(l.valid_from_run_id) over later as next_from_run_id
    from identity.record_links l
    join (select distinct h.source_record_key from identity.record_links h
          where h.valid_to_run_id is not null {seeded}) d
        on d.source_record_key = l.source_record_key
    window later as (partition by l.source_record_key order by l.valid_from_run_id)
),
chained as (
    select e.*,
        bool_and(e.next_id is null or e.next_id = e.golden_customer_id or e.next_from_run_id > e.valid_to_run_id
                 or e.next_id = m.to_id)
            over before as is_chained,
        count(*) filter (where e.next_from_run_id > e.valid_to_run_id) over before as times_away
    from earlier e
    left join identity.golden_id_changes m
        on m.run_id = e.valid_to_run_id and m.change_kind = 'merge' and m.from_id = e.golden_customer_id
    window before as (partition by e.source_record_key order by e.valid_from_run_id desc)
),
homes as (
    select f.source_record_key, f.golden_customer_id, k.golden_customer_id as present_id,
        (f.times_away = 0 or k.source_record_key is null) and row_number() over (
            partition by f.source_record_key
            order by f.times_away,
                case when k.source_record_key is null then -f.valid_from_run_id else f.valid_from_run_id end) = 1
            as is_own
    from chained f
    join identity.golden_customers c
        on c.golden_customer_id = f.golden_customer_id and c.status in ('merged', 'retired')
    left join identity.record_links k on k.source_record_key = f.source_record_key and k.valid_to_run_id is null
    where f.is_chained and (f.next_from_run_id is null or f.next_from_run_id >= c.closed_run_id)
)
select h.source_record_key, h.golden_customer_id, bool_or(h.is_own) as is_own,
    (select min(l.valid_from_run_id) from identity.record_links l where l.source_record_key = h.source_record_key)
        as since_run_id,
    h.present_id
from homes h {only}
group by h.source_record_key, h.golden_customer_id, h.present_id
"""
SEEDS = """(select distinct l.golden_customer_id from identity.record_links l
    join scope s on s.source_record_key = l.source_record_key where l.valid_to_run_id is not null)"""


def read_homes(connection: psycopg.Connection[Any], *, everything: bool) -> pa.Table:
    """source_record_key, golden_customer_id (closed), is_own, since_run_id, present_id (null: it has no id now).

    Of the ids that records of the temporary table `scope` had once, with all their records (`everything`: of all ids).
    """
    import pyarrow as pa

    seeded: sql.Composable = sql.SQL("")
    only: sql.Composable = sql.SQL("")
    if not everything:
        seeded = sql.SQL("and h.golden_customer_id in {}").format(sql.SQL(SEEDS))
        only = sql.SQL("where h.golden_customer_id in {}").format(sql.SQL(SEEDS))
    return copy_out(
        connection,
        sql.SQL(HOMES).format(seeded=seeded, only=only),
        {
            "source_record_key": pa.string(),
            "golden_customer_id": pa.string(),
            "is_own": pa.bool_(),
            "since_run_id": pa.int64(),
            "present_id": pa.string(),
        },
    )
