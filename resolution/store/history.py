"""Reading the history of golden ids: who had which id when, what happened to an id, what a run did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import dict_row

from resolution.store.bulk import copy_out

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa


def state_of(connection: psycopg.Connection[Any], golden_id: str) -> dict[str, Any] | None:
    """status, present_id, created and closed dates of any id ever issued; None if it never was."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """select golden_customer_id::text, present_id::text, status, created_date, closed_date, record_count
               from identity.golden_ids where golden_customer_id = %s""",
            (golden_id,),
        )
        return cursor.fetchone()


def events_of(connection: psycopg.Connection[Any], golden_id: str) -> list[dict[str, Any]]:
    """Life-cycle events of one id, the oldest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """select run_id, export_date, change_kind, from_id::text, to_id::text, records_moved, reason,
                      coalesce(evidence -> 'evidence', '[]') as evidence
               from identity.golden_id_changes where %(id)s in (from_id, to_id) order by change_id""",
            {"id": golden_id},
        )
        return list(cursor.fetchall())


def records_of(connection: psycopg.Connection[Any], golden_id: str) -> list[dict[str, Any]]:
    """Records that an id ever had, with the nights of their time there, the oldest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """select g.source_record_key::text, r.source_platform, r.record_kind, g.valid_from, g.valid_to,
                      now.golden_customer_id::text as present_id
               from identity.record_golden_ids g
               left join intermediate.int_person_records r using (source_record_key)
               left join identity.record_links now
                      on now.source_record_key = g.source_record_key and now.valid_to_run_id is null
               where g.golden_customer_id = %s
                 and g.source_record_key in (select l.source_record_key from identity.record_links l
                                             where l.golden_customer_id = %s)
               order by g.valid_from_run_id, g.source_record_key""",
            (golden_id, golden_id),
        )
        return list(cursor.fetchall())


def last_merge_into(connection: psycopg.Connection[Any], golden_id: str) -> int | None:
    """Run of the newest merge into an id; None when nothing was ever merged into it."""
    row = connection.execute(
        "select max(run_id) from identity.golden_id_changes where change_kind = 'merge' and to_id = %s", (golden_id,)
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def ids_before(connection: psycopg.Connection[Any], run_id: int, keys: list[str]) -> dict[str, str]:
    """The golden ids that records had just before a run; records without one are absent."""
    rows = connection.execute(
        """select source_record_key::text, golden_customer_id::text from identity.record_links
           where source_record_key = any(%(keys)s::uuid[]) and valid_from_run_id < %(run)s
             and coalesce(valid_to_run_id, %(run)s) >= %(run)s""",
        {"keys": keys, "run": run_id},
    )
    return {str(key): str(golden) for key, golden in rows.fetchall()}


def find_differences(connection: psycopg.Connection[Any], run_id: int) -> int:
    """Fill `scope` with the records of every customer that is another than before a run, and `target` with the id that
    each shall have: the one before the run, unless it was erased; its present one, if the record is newer. How many
    records differ.
    """
    connection.execute(
        """create temp table differing on commit drop as
           select now.source_record_key, now.golden_customer_id as present_id, old.golden_customer_id as wanted_id
           from identity.record_links now
           join identity.record_links old on old.source_record_key = now.source_record_key
            and old.valid_from_run_id < %(run)s and coalesce(old.valid_to_run_id, %(run)s) >= %(run)s
           join identity.golden_customers c on c.golden_customer_id = old.golden_customer_id and c.status <> 'deleted'
           where now.valid_to_run_id is null and old.golden_customer_id <> now.golden_customer_id""",
        {"run": run_id},
    )
    connection.execute(
        """create temp table target on commit drop as
           select now.source_record_key, coalesce(d.wanted_id, now.golden_customer_id) as golden_customer_id
           from identity.record_links now left join differing d using (source_record_key)
           where now.valid_to_run_id is null and now.golden_customer_id in (
               select present_id from differing union select wanted_id from differing)"""
    )
    connection.execute("create temp table scope on commit drop as select source_record_key, 0 as step from target")
    connection.execute("create index on scope (source_record_key)")
    connection.execute("analyze scope")
    row = connection.execute("select count(*) from differing").fetchone()
    return int(row[0]) if row else 0


def targets(connection: psycopg.Connection[Any]) -> pa.Table:
    """The wanted id of each record in `scope`: source_record_key, golden_customer_id."""
    import pyarrow as pa

    query = sql.SQL("select source_record_key, golden_customer_id from target order by 1")
    return copy_out(connection, query, dict.fromkeys(("source_record_key", "golden_customer_id"), pa.string()))
