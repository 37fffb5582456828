"""Erasing a person: their rows leave landing, raw, its history, the intermediate tables and the marts, at once.

What says whose a row is: the person's identifiers, gathered by `resolution` into the temporary table `erased_values`
(kind, platform, value, is_exclusive) before anything is deleted. A row of a platform's table belongs to the person if a
column that its contract marks as an identifier holds a value that is theirs alone, or one that they share (a
household's phone) together with their name. What else mentions them by e-mail or phone is blanked in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import sql

from warehouse.deny import KINDS, comparable
from warehouse.specs import TableSpec

ERASED = "[erased]"
_LAYERS = ("landing", "raw", "raw_history")
_SWEPT = (*_LAYERS, "intermediate", "marts", "marts_next", "marts_undo")

Connection = psycopg.Connection[Any]


def erase_source_rows(
    connection: Connection, specs: Iterable[TableSpec], order_columns: Mapping[str, tuple[str, ...]]
) -> dict[str, int]:
    """Delete the person's rows of every platform's tables; table → rows.

    order_columns: raw table → columns that hold order numbers (lines of an order name its buyer on the first one only).
    """
    connection.execute("create index on erased_values (kind, value)")
    connection.execute("analyze erased_values")
    counts: dict[str, int] = {}
    for spec in specs:
        columns = [(c.name, KINDS[c.pii]) for c in spec.columns if c.pii in KINDS]
        columns += [(c.name, "name") for c in spec.columns if c.pii == "name"]
        columns += [(name, "order") for name in order_columns.get(spec.table, ())]
        if not columns:
            continue
        held = sql.SQL(", ").join(
            sql.SQL("({}, {})").format(
                sql.Literal(kind), comparable("email" if kind == "name" else kind, sql.Identifier("t", name))
            )
            for name, kind in columns
        )
        for layer in _LAYERS:
            if not _exists(connection, layer, spec.table):
                continue
            count = connection.execute(
                sql.SQL(
                    """delete from {table} t where (
                        select coalesce(bool_or(v.is_exclusive and v.kind <> 'name'), false)
                            or (coalesce(bool_or(v.kind <> 'name'), false)
                                and (coalesce(bool_or(v.platform = 'full'), false)
                                     or (coalesce(bool_or(v.platform = 'given'), false)
                                         and coalesce(bool_or(v.platform = 'family'), false))))
                        from (values {held}) h (kind, value)
                        join erased_values v on v.kind = h.kind and v.value = h.value
                         and (v.kind in ('email', 'phone', 'name') or v.platform in ('', %(platform)s)))"""
                ).format(table=sql.Identifier(layer, spec.table), held=held),
                {"platform": spec.platform},
            ).rowcount
            if count:
                counts[f"{layer}.{spec.table}"] = count
    return counts


def erase_records(connection: Connection, record_keys: list[str]) -> dict[str, int]:
    """Delete the rows of person records in the intermediate tables. The records themselves stay as empty tombstones,
    by which the next identity run learns that they left; table → rows.
    """
    counts = {}
    for schema, table in _tables_with(connection, ("intermediate",), "source_record_key"):
        if table == "int_person_records":
            continue
        counts[f"{schema}.{table}"] = connection.execute(
            sql.SQL("delete from {} where source_record_key = any(%s::uuid[])").format(sql.Identifier(schema, table)),
            (record_keys,),
        ).rowcount
    kept = {"source_record_key", "source_platform", "record_kind", "source_record_id", "is_deleted", "_changed_seq"}
    columns = _columns(connection, "intermediate", "int_person_records")
    blank = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.SQL("false" if kind == "boolean" else "null"))
        for name, kind in columns.items()
        if name not in kept
    )
    counts["intermediate.int_person_records"] = connection.execute(
        sql.SQL(
            """update intermediate.int_person_records set {}, is_deleted = true, source_record_id = '',
                      _changed_seq = %(seq)s
               where source_record_key = any(%(keys)s::uuid[])"""
        ).format(blank),
        {"seq": _next_seq(connection), "keys": record_keys},
    ).rowcount
    return {table: count for table, count in counts.items() if count}


def erase_customer_rows(connection: Connection, golden_ids: list[str]) -> dict[str, int]:
    """Delete a customer's published rows, those in preparation, and those kept for undoing publishes; table → rows."""
    connection.execute("set constraints all deferred")
    counts = {}
    for schema, table in _tables_with(connection, ("marts_undo", "marts_next", "marts"), "golden_customer_id"):
        count = connection.execute(
            sql.SQL("delete from {} where golden_customer_id = any(%s::uuid[])").format(sql.Identifier(schema, table)),
            (golden_ids,),
        ).rowcount
        if count:
            counts[f"{schema}.{table}"] = count
    return counts


def blank_mentions(connection: Connection, texts: list[str]) -> dict[str, int]:
    """Replace what is left of the given texts (e-mails, phone numbers) in any text or JSON, and drop rejected rows'
    original text that holds one; table → rows.
    """
    wanted = sorted({text for text in texts if len(text) >= 6}, key=lambda text: (-len(text), text))
    if not wanted:
        return {}
    pattern = "|".join(_escaped(text) for text in wanted)
    counts: dict[str, int] = {}
    for schema, table in _tables_with(connection, _SWEPT, None):
        columns = {n: k for n, k in _columns(connection, schema, table).items() if k in ("text", "jsonb", "text[]")}
        if not columns:
            continue
        found = sql.SQL(" or ").join(sql.SQL("{}::text ~* %(p)s").format(sql.Identifier(n)) for n in columns)
        changes = sql.SQL(", ").join(
            sql.SQL("{0} = case when {0}::text ~* %(p)s then regexp_replace({0}::text, %(p)s, %(r)s, 'gi')::{1}"
                    " else {0} end").format(sql.Identifier(n), sql.SQL(k))
            for n, k in columns.items()
        )  # fmt: skip
        count = connection.execute(
            sql.SQL("update {} set {} where {}").format(sql.Identifier(schema, table), changes, found),
            {"p": pattern, "r": ERASED},
        ).rowcount
        if count:
            counts[f"{schema}.{table} (mentions)"] = count
    count = connection.execute(
        "update ops.rejected_rows set original_text = null where original_text ~* %s", (pattern,)
    ).rowcount
    return counts | ({"ops.rejected_rows": count} if count else {})


def landed_files(connection: Connection, tables: Iterable[str]) -> list[str]:
    """Immutable copies of exports, under the installation's home, whose batches wrote to the given raw tables: they may
    still hold the person. Deleting them is up to the installation's retention.
    """
    rows = connection.execute(
        """select distinct f.landed_path from ops.batch_files f join ops.batch_ledger b using (batch_id)
           where f.landed_path is not null and b.platform || '__' || b.object = any(%s) order by 1""",
        (sorted(set(tables)),),
    ).fetchall()
    return [str(row[0]) for row in rows]


def _next_seq(connection: Connection) -> int:
    """A sequence number after all that the intermediate tables hold."""
    row = connection.execute(
        """select greatest(nextval('ops.build_seq'), max(_changed_seq) + 1) from (
               select max(_changed_seq) as _changed_seq from intermediate.int_person_records
               union all select max(_changed_seq) from intermediate.int_identifiers) s"""
    ).fetchone()
    assert row is not None
    return int(row[0])


def _escaped(text: str) -> str:
    """A text as a regular expression; a phone number's prefix and the blanks between its digits do not matter."""
    from re import escape

    digits = text.lstrip("+")
    if digits.isdigit():
        return r"\+?(?:[0-9][-\s().]*){0,5}" + r"[-\s().]*".join(digits)
    return escape(text)


def _exists(connection: Connection, schema: str, table: str) -> bool:
    return connection.execute("select to_regclass(%s) is not null", (f'{schema}."{table}"',)).fetchone() == (True,)


def _tables_with(connection: Connection, schemas: tuple[str, ...], column: str | None) -> list[tuple[str, str]]:
    """Tables (no views) of schemas that have a column, in the order of the schemas given."""
    rows = connection.execute(
        """select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = any(%(schemas)s) and c.relkind = 'r' and (%(column)s::text is null or exists (
               select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = %(column)s and not a.attisdropped))
           order by array_position(%(schemas)s, n.nspname::text), c.relname""",
        {"schemas": list(schemas), "column": column},
    ).fetchall()
    return [(str(schema), str(table)) for schema, table in rows]


def _columns(connection: Connection, schema: str, table: str) -> dict[str, str]:
    from warehouse.tables import table_columns

    return table_columns(connection, schema, table)
