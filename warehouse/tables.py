"""DDL of one object's three tables, made from its TableSpec and grown when a newer contract brings columns."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from warehouse.errors import TableError
from warehouse.sessions import session
from warehouse.specs import HISTORY_COLUMNS, LANDED_COLUMNS, POSITION, RAW_COLUMNS, ColumnSpec, TableSpec

__all__ = ["ColumnSpec", "TableSpec", "ensure_tables"]

Connection = psycopg.Connection[Any]


def ensure_tables(spec: TableSpec) -> None:
    """Create or extend landing, raw and (if asked) raw_history of one object. Nothing to do costs a few reads.

    Raises TableError when an existing column's type or the key differs from the specification: such a change needs a
    decision about the stored rows, so it is never made silently.
    """
    with session(f"journeyline tables {spec.table}") as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"tables:{spec.table}",))
        # Parsed by PostgreSQL itself, and never executed as part of another statement: a bad type name ends here.
        own = dict(zip(spec.column_names, _canonical(connection, spec), strict=True))
        _ensure(connection, spec, "landing", {**own, **LANDED_COLUMNS, POSITION: "bigint"}, unlogged=True)
        _ensure(connection, spec, "raw", {**own, **RAW_COLUMNS})
        if spec.history:
            _ensure(connection, spec, "raw_history", {**own, **RAW_COLUMNS, **HISTORY_COLUMNS})
        _ensure_key(connection, spec)
        _ensure_indexes(connection, spec)


def _canonical(connection: Connection, spec: TableSpec) -> list[str]:
    """The specification's types as PostgreSQL writes them (int → integer), in column order."""
    fields = sql.SQL(", ").join(sql.SQL("null::" + column.pg_type) for column in spec.columns)
    try:
        cursor = connection.execute(sql.SQL("select {} limit 0").format(fields))
    except psycopg.Error as error:
        raise TableError(f"{spec.platform}.{spec.object}: {error.diag.message_primary}") from None
    assert cursor.pgresult is not None
    result = cursor.pgresult
    pairs = [(result.ftype(i), result.fmod(i)) for i in range(result.nfields)]
    rows = connection.execute(
        "select format_type(t.oid, t.typmod) from unnest(%s::oid[], %s::int[]) with ordinality as t (oid,"
        " typmod, n) order by n",
        ([oid for oid, _ in pairs], [typmod for _, typmod in pairs]),
    ).fetchall()
    return [str(row[0]) for row in rows]


def table_columns(connection: Connection, schema: str, table: str) -> dict[str, str]:
    """Column name → type of an existing table, in order; empty when there is no such table."""
    rows = connection.execute(
        "select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a join pg_class c on c.oid ="
        " a.attrelid"
        " join pg_namespace n on n.oid = c.relnamespace where n.nspname = %s and c.relname = %s and a.attnum > 0"
        " and not a.attisdropped order by a.attnum",
        (schema, table),
    ).fetchall()
    return {str(name): str(kind) for name, kind in rows}


def _ensure(
    connection: Connection, spec: TableSpec, schema: str, wanted: dict[str, str], *, unlogged: bool = False
) -> None:
    target = sql.Identifier(schema, spec.table)
    existing = table_columns(connection, schema, spec.table)
    if not existing:
        required = {*spec.key, "_batch_id", "_export_date", "_row_hash", POSITION, "_changed_seq", "_is_deleted"}
        lines = [
            sql.SQL("{} {}{}{}").format(
                sql.Identifier(name),
                sql.SQL(kind),
                sql.SQL(" not null" if name in required and schema != "raw_history" else ""),
                sql.SQL(" default false" if name == "_is_deleted" else ""),
            )
            for name, kind in wanted.items()
        ]
        kind_of_table = sql.SQL("unlogged table" if unlogged else "table")
        connection.execute(sql.SQL("create {} {} ({})").format(kind_of_table, target, sql.SQL(", ").join(lines)))
        _describe(connection, spec, schema, {column.name for column in spec.columns})
        return
    changed = [
        f"{name} is {existing[name]}, wanted {kind}"
        for name, kind in wanted.items()
        if existing.get(name, kind) != kind
    ]
    if changed:
        raise TableError(
            f"{schema}.{spec.table}: the type of a column changed ({'; '.join(changed)}). Put the old type back in the"
            " contract, or give the column a new name, or alter the table by hand in all of landing, raw and"
            " raw_history."
        )
    new = {name: kind for name, kind in wanted.items() if name not in existing}
    for name, kind in new.items():
        connection.execute(
            sql.SQL("alter table {} add column {} {}").format(target, sql.Identifier(name), sql.SQL(kind))
        )
    if new:
        _describe(connection, spec, schema, set(new))


def _describe(connection: Connection, spec: TableSpec, schema: str, names: set[str]) -> None:
    for column in spec.columns:
        text = column.description + (f" [personal data: {column.pii}]" if column.pii else "")
        if text and column.name in names:
            target = sql.Identifier(schema, spec.table, column.name)
            connection.execute(sql.SQL("comment on column {} is {}").format(target, sql.Literal(text.strip())))


def _index_columns(
    connection: Connection, schema: str, table: str
) -> tuple[tuple[str, ...] | None, set[tuple[str, ...]]]:
    """(columns of the primary key, column lists of all indexes) of a table."""
    rows = connection.execute(
        "select i.indisprimary, array_agg(a.attname::text order by k.n) from pg_index i"
        " join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, n) on true"
        " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum"
        " where i.indrelid = to_regclass(%s) group by i.indexrelid, i.indisprimary",
        (f'{schema}."{table}"',),
    ).fetchall()
    primary = next((tuple(columns) for is_primary, columns in rows if is_primary), None)
    return primary, {tuple(columns) for _, columns in rows}


def primary_key(connection: Connection, schema: str, table: str) -> tuple[str, ...]:
    """Columns of a table's primary key; empty when it (or the table) does not exist."""
    return _index_columns(connection, schema, table)[0] or ()


def _ensure_key(connection: Connection, spec: TableSpec) -> None:
    primary, _ = _index_columns(connection, "raw", spec.table)
    if primary is None:
        names = sql.SQL(", ").join(map(sql.Identifier, spec.key))
        connection.execute(
            sql.SQL("alter table {} add primary key ({})").format(sql.Identifier("raw", spec.table), names)
        )
    elif set(primary) != set(spec.key):
        raise TableError(
            f"raw.{spec.table} has the key ({', '.join(primary)}), the contract now says ({', '.join(spec.key)})."
            " A new key needs a new object name, or the old tables dropped by hand and the exports loaded again."
        )


def _ensure_indexes(connection: Connection, spec: TableSpec) -> None:
    _make_indexes(connection, "raw", spec.table, (("_changed_seq",), *spec.indexes))
    if spec.history:
        _make_indexes(connection, "raw_history", spec.table, (spec.key,))


def _make_indexes(connection: Connection, schema: str, table: str, wanted: tuple[tuple[str, ...], ...]) -> None:
    _, existing = _index_columns(connection, schema, table)
    for columns in dict.fromkeys(wanted):
        if columns not in existing:
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            connection.execute(sql.SQL("create index on {} ({})").format(sql.Identifier(schema, table), names))
