"""Reading accepted identities: for explanations, status and measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from resolution.store.bulk import copy_out

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

VALUE_COLUMNS = ("full_name", "email", "phone", "birth_date", "address_line", "postcode", "city")


def describe_records(
    connection: psycopg.Connection[Any], keys: list[str], *, values: bool
) -> dict[str, dict[str, Any]]:
    """Key → platform, kind, golden id (None when it has none) and, only if asked for, its personal values."""
    extra = [sql.SQL("r.{}::text").format(sql.Identifier(c)) for c in VALUE_COLUMNS] if values else []
    query = sql.SQL(
        """select r.source_record_key::text, r.source_platform, r.record_kind, l.golden_customer_id::text {}
           from intermediate.int_person_records r
           left join identity.record_links l on l.source_record_key = r.source_record_key and l.valid_to_run_id is null
           where r.source_record_key = any(%s::uuid[])"""
    ).format(sql.SQL("").join([sql.SQL(", ") + e for e in extra]))
    found = {}
    for key, platform, kind, golden, *rest in connection.execute(query, (keys,)).fetchall():
        found[str(key)] = {"platform": platform, "kind": kind, "golden_customer_id": golden} | (
            {"values": dict(zip(VALUE_COLUMNS, rest, strict=True))} if values else {}
        )
    return found


def person_rows(connection: psycopg.Connection[Any], keys: list[str]) -> pa.Table:
    """The person records of some keys, as a night reads them."""
    from resolution.store.read import NightReader

    connection.execute("create temp table if not exists asked (source_record_key uuid primary key) on commit drop")
    connection.execute("insert into asked select unnest(%s::uuid[]) on conflict do nothing", (keys,))
    return NightReader(connection).records("asked")


def members(connection: psycopg.Connection[Any], golden_ids: list[str]) -> dict[str, str]:
    """Record key → golden id of the records of the given customers."""
    rows = connection.execute(
        """select source_record_key::text, golden_customer_id::text from identity.record_links
           where golden_customer_id = any(%s::uuid[]) and valid_to_run_id is null order by 1""",
        (golden_ids,),
    ).fetchall()
    return {str(k): str(g) for k, g in rows}


def edges_among(connection: psycopg.Connection[Any], keys: list[str]) -> list[tuple[str, str, str, str, float, float]]:
    """Accepted evidence among the given records: left, right, kind, evidence, weight, probability; strongest first."""
    rows = connection.execute(
        """select left_key::text, right_key::text, kind, evidence, match_weight, match_probability
           from identity.match_edges where left_key = any(%(keys)s::uuid[]) and right_key = any(%(keys)s::uuid[])
           order by match_weight desc, 1, 2, 4""",
        {"keys": keys},
    ).fetchall()
    return [(str(a), str(b), str(k), str(e), float(w), float(p)) for a, b, k, e, w, p in rows]


def customer_status(connection: psycopg.Connection[Any], golden_id: str) -> tuple[str, str | None, list[str]] | None:
    """(status, merged into, live ids that its records belong to today) of any id ever issued; None if never issued."""
    row = connection.execute(
        "select status, merged_into_id::text from identity.golden_customers where golden_customer_id = %s", (golden_id,)
    ).fetchone()
    if row is None:
        return None
    today = connection.execute(
        """select golden_customer_id::text from identity.golden_customer_id_xref
           where any_golden_customer_id = %s order by records desc, 1""",
        (golden_id,),
    ).fetchall()
    return str(row[0]), row[1], [str(r[0]) for r in today]


def events_of(connection: psycopg.Connection[Any], golden_id: str) -> list[tuple[Any, ...]]:
    """Life-cycle events of one id: export date, kind, from, to, records moved, evidence names."""
    return connection.execute(
        """select r.export_date, c.change_kind, c.from_id::text, c.to_id::text, c.records_moved, c.evidence
           from identity.golden_id_changes c join identity.runs r using (run_id)
           where c.from_id = %(id)s or c.to_id = %(id)s order by c.change_id""",
        {"id": golden_id},
    ).fetchall()


def recent_runs(connection: psycopg.Connection[Any], limit: int) -> list[dict[str, Any]]:
    """The newest runs with their figures."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """select run_id, export_date, kind, status, reason, records_total, records_changed, customers_total,
                      created_count, merged_count, split_count, revived_count, retired_count, churn_rate,
                      parameter_version, extract(epoch from finished_at - started_at) as seconds
               from identity.runs order by run_id desc limit %s""",
            (limit,),
        )
        return list(cursor.fetchall())


def linked_records(connection: psycopg.Connection[Any]) -> pa.Table:
    """Every linked record: source_record_key, source_platform, record_kind, source_record_id, golden_customer_id."""
    import pyarrow as pa

    names = ("source_record_key", "source_platform", "record_kind", "source_record_id", "golden_customer_id")
    return copy_out(
        connection,
        sql.SQL(
            """select r.source_record_key, r.source_platform, r.record_kind, r.source_record_id, l.golden_customer_id
               from identity.record_links l join intermediate.int_person_records r using (source_record_key)
               where l.valid_to_run_id is null order by r.source_record_key"""
        ),
        dict.fromkeys(names, pa.string()),
    )


def platform_ids(connection: psycopg.Connection[Any]) -> pa.Table:
    """Account and order ids of records: source_record_key, kind ('account' or 'order'), identifier_value."""
    import pyarrow as pa

    return copy_out(
        connection,
        sql.SQL(
            """select i.source_record_key, case i.identifier_type when 'order_id' then 'order' else 'account' end,
                      i.identifier_value
               from intermediate.int_identifiers i
               join intermediate.int_person_records r using (source_record_key)
               where not coalesce(i.is_deleted, false)
                 and (i.identifier_type = 'order_id'
                      or (i.identifier_type = 'account_id' and r.record_kind = 'account'))"""
        ),
        dict.fromkeys(("source_record_key", "kind", "identifier_value"), pa.string()),
    )


def review_rows(connection: psycopg.Connection[Any], limit: int) -> list[dict[str, Any]]:
    """The most valuable open questions: left, right (keys), what, evidence, match_probability, value, golden ids."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """select left_key::text as left, right_key::text as right, what, evidence, match_probability,
                      round(value::numeric, 4)::float8 as value, left_golden_customer_id::text,
                      right_golden_customer_id::text
               from identity.review_queue q order by q.value desc, q.left_key, q.right_key limit %s""",
            (limit,),
        )
        return list(cursor.fetchall())
