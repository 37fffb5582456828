"""What the warehouse knows of the person who is to be erased, and what of it belongs to identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    import datetime as dt

    import psycopg


def begin(
    connection: psycopg.Connection[Any], golden_id: str, keys: list[str], date: dt.date, author: str, reason: str
) -> int:
    """Write down that an erasure starts, so that it can be taken up again; its number."""
    row = connection.execute(
        """insert into ops.erasures (golden_customer_id, author, reason, export_date, record_keys)
           values (%s, %s, %s, %s, %s::uuid[]) returning erasure_id""",
        (golden_id, author, reason, date, keys),
    ).fetchone()
    assert row is not None
    return int(row[0])


def find(connection: psycopg.Connection[Any], golden_id: str) -> tuple[int, str, list[str]] | None:
    """(number, status, record keys) of the newest erasure of a customer; None when there is none."""
    row = connection.execute(
        """select erasure_id, status, record_keys::text[] from ops.erasures
           where golden_customer_id = %s order by erasure_id desc limit 1""",
        (golden_id,),
    ).fetchone()
    return None if row is None else (int(row[0]), str(row[1]), [str(key) for key in row[2]])


def add_counts(connection: psycopg.Connection[Any], erasure_id: int, counts: dict[str, int]) -> None:
    """Add what was deleted to the record of an erasure."""
    import json

    connection.execute(
        "update ops.erasures set rows_erased = rows_erased || %s::jsonb where erasure_id = %s",
        (json.dumps(counts), erasure_id),
    )


def finish(connection: psycopg.Connection[Any], erasure_id: int, run_id: int) -> None:
    """Close an erasure; the keys of its records are no longer needed."""
    connection.execute(
        """update ops.erasures set status = 'done', run_id = %s, record_keys = '{}', finished_at = clock_timestamp()
           where erasure_id = %s""",
        (run_id, erasure_id),
    )


def counts_of(connection: psycopg.Connection[Any], erasure_id: int) -> dict[str, int]:
    """Table → rows erased so far."""
    row = connection.execute("select rows_erased from ops.erasures where erasure_id = %s", (erasure_id,)).fetchone()
    return dict(row[0]) if row else {}


def pending_changes(connection: psycopg.Connection[Any], after_seq: int) -> int:
    """Records that changed after the last accepted night and that no night has looked at yet."""
    row = connection.execute(
        """select (select count(*) from intermediate.int_person_records where _changed_seq > %(seq)s)
                + (select count(*) from intermediate.int_identifiers where _changed_seq > %(seq)s)""",
        {"seq": after_seq},
    ).fetchone()
    return int(row[0]) if row else 0


def gather_values(connection: psycopg.Connection[Any], keys: list[str]) -> None:
    """Fill the temporary table `erased_values`: kind (email, phone, id, order, name), platform ('' = everywhere; of a
    name: full, given or family), value (in the form in which it is compared), is_exclusive: nobody else has it.
    """
    from warehouse.deny import comparable

    email, phone = (comparable(kind, sql.Identifier("value")) for kind in ("email", "phone"))
    connection.execute(
        """create temp table contacts on commit drop as
           select r.source_record_key, v.kind, v.value
           from intermediate.int_person_records r,
               lateral (values ('email', r.email), ('phone', r.phone)) v (kind, value)
           where v.value is not null
           union
           select i.source_record_key, i.identifier_type, i.identifier_value from intermediate.int_identifiers i
           where i.identifier_type in ('email', 'phone')"""
    )
    connection.execute(
        sql.SQL("update contacts set value = case kind when 'email' then {} else {} end").format(email, phone)
    )
    connection.execute(
        """create temp table erased_values on commit drop as
           with mine as (select unnest(%(keys)s::uuid[]) as source_record_key),
           held as (
               select c.kind, '' as platform, c.value, c.source_record_key from contacts c where length(c.value) > 6
               union all
               select 'id', '', md5(c.value), c.source_record_key from contacts c where c.kind = 'email'
               union all
               select case i.identifier_type when 'order_id' then 'order' else 'id' end, r.source_platform,
                      btrim(i.identifier_value), r.source_record_key
               from intermediate.int_identifiers i
               join intermediate.int_person_records r on r.source_record_key = i.source_record_key
               where i.identifier_type not in ('email', 'phone')
               union all
               select 'id', r.source_platform, r.source_record_id, r.source_record_key
               from intermediate.int_person_records r where r.record_kind not in ('order_contact', 'guest_order')
           ),
           values_of_mine as (
               select distinct h.kind, h.platform, h.value from held h join mine using (source_record_key)
               where h.value <> ''
           )
           select v.kind, v.platform, v.value,
                  not exists (select 1 from held o where (o.kind, o.platform, o.value) = (v.kind, v.platform, v.value)
                              and o.source_record_key <> all(%(keys)s::uuid[])) as is_exclusive
           from values_of_mine v
           union
           select 'name', n.part, lower(btrim(n.value)), false
           from intermediate.int_person_records r join mine using (source_record_key),
               lateral (values ('full', r.full_name), ('full', r.given_name || ' ' || r.family_name),
                               ('given', r.given_name), ('family', r.family_name)) n (part, value)
           where btrim(coalesce(n.value, '')) <> ''""",
        {"keys": keys},
    )


def mentions(connection: psycopg.Connection[Any]) -> list[str]:
    """E-mails and phone numbers that are the person's alone, as they may stand in other rows' texts."""
    rows = connection.execute(
        """select distinct value from erased_values where is_exclusive and kind in ('email', 'phone')
           and length(value) >= 9 order by 1"""
    ).fetchall()
    return [str(row[0]) for row in rows]


def forget_identities(connection: psycopg.Connection[Any], keys: list[str]) -> dict[str, int]:
    """Delete everything that identity holds about records that are gone: links and their history, evidence, keys,
    decisions, and the records' empty tombstones; table → rows. Golden ids and their events stay: they name nobody.
    """
    pairs = ("match_edges", "near_pairs", "decisions")
    counts = {}
    for table in ("record_links", "block_keys"):
        counts[f"identity.{table}"] = connection.execute(
            sql.SQL("delete from {} where source_record_key = any(%s::uuid[])").format(
                sql.Identifier("identity", table)
            ),
            (keys,),
        ).rowcount
    for table in pairs:
        counts[f"identity.{table}"] = connection.execute(
            sql.SQL("delete from {} where left_key = any(%(k)s::uuid[]) or right_key = any(%(k)s::uuid[])").format(
                sql.Identifier("identity", table)
            ),
            {"k": keys},
        ).rowcount
    connection.execute(
        "delete from intermediate.int_person_records where source_record_key = any(%s::uuid[]) and is_deleted", (keys,)
    )
    return {table: count for table, count in counts.items() if count}


def erased_ids(connection: psycopg.Connection[Any], golden_id: str) -> list[str]:
    """The customer's id and those that were merged into it."""
    rows = connection.execute(
        """select golden_customer_id::text from identity.golden_customers
           where golden_customer_id = %(id)s or (merged_into_id = %(id)s and status = 'merged') order by 1""",
        {"id": golden_id},
    ).fetchall()
    return [str(row[0]) for row in rows]
