"""Foreign keys of published tables: declared by models, checked at the end of each publish.

They are deferred, so that tables may be replaced in any order. PostgreSQL checks them row by row, which is slow: the
checks are suspended for the transaction and made set by set before it commits, of the rows that it changed and those
that pointed to what it took out. Nobody else writes to marts (lock `publish`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import sql

from warehouse.errors import PublishError
from warehouse.marts_models import MartModel
from warehouse.undo import undo_name

Connection = psycopg.Connection[Any]

BULK_CUSTOMERS = 2_000  # from here on row-by-row checks are so slow that keys are rather dropped and made again


def read_foreign_keys(connection: Connection) -> list[tuple[str, str, str]]:
    """(table, name, definition) of all foreign keys among published tables."""
    rows = connection.execute(
        "select r.relname, c.conname, pg_get_constraintdef(c.oid) from pg_constraint as c join pg_class as r"
        " on r.oid = c.conrelid where c.contype = 'f' and c.connamespace = 'marts'::regnamespace order by 1, 2"
    ).fetchall()
    return [(str(table), str(name), str(definition)) for table, name, definition in rows]


def drop_foreign_keys(connection: Connection) -> None:
    """Before columns change: PostgreSQL alters no table whose rows still wait for a deferred check."""
    for table, name, _ in read_foreign_keys(connection):
        connection.execute(
            sql.SQL("alter table {} drop constraint {}").format(sql.Identifier("marts", table), sql.Identifier(name))
        )


def drop_undeclared_keys(connection: Connection, models: list[MartModel]) -> None:
    """Keys that no model declares any more. Before rows come that they would refuse."""
    wanted = {key.name for model in models for key in model.foreign_keys}
    for table, name, _ in read_foreign_keys(connection):
        if name.endswith("__fkey") and name not in wanted:
            connection.execute(
                sql.SQL("alter table {} drop constraint {}").format(
                    sql.Identifier("marts", table), sql.Identifier(name)
                )
            )


def ensure_foreign_keys(connection: Connection, models: list[MartModel]) -> None:
    """Checked at the end of the transaction, so that tables may be replaced in any order."""
    present = {name for _, name, _ in read_foreign_keys(connection)}
    for name, key in {key.name: key for model in models for key in model.foreign_keys}.items():
        if name not in present:
            connection.execute(
                sql.SQL(
                    "alter table {} add constraint {} foreign key ({}) references {} ({}) deferrable initially deferred"
                ).format(
                    sql.Identifier("marts", key.table),
                    sql.Identifier(name),
                    sql.SQL(", ").join(map(sql.Identifier, key.columns)),
                    sql.Identifier("marts", key.to_table),
                    sql.SQL(", ").join(map(sql.Identifier, key.to_columns)),
                )
            )


def suspend_foreign_keys(connection: Connection, *, may_drop: bool = True) -> bool:
    """Switch row-by-row checks off until the transaction ends or a check of this module; readers do not wait for it.

    Needs the right to set session_replication_role (`grant set on parameter session_replication_role to <role>`).
    Without it the keys are dropped, to be put back by `ensure_foreign_keys`: slower, and readers wait meanwhile. With
    may_drop=False they stay, and rows are checked one by one.
    Returns whether checks are suspended: the keys are there and must be checked.
    """
    try:
        with connection.transaction():
            connection.execute("set local session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        if may_drop:
            drop_foreign_keys(connection)
        return False
    return True


_KEYS = """
select r.relname, c.conname, t.relname,
    array(select a.attname::text from unnest(c.conkey) with ordinality as k (attnum, n)
          join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = k.attnum order by k.n),
    array(select a.attname::text from unnest(c.confkey) with ordinality as k (attnum, n)
          join pg_attribute as a on a.attrelid = c.confrelid and a.attnum = k.attnum order by k.n)
from pg_constraint as c join pg_class as r on r.oid = c.conrelid join pg_class as t on t.oid = c.confrelid
where c.contype = 'f' and c.connamespace = 'marts'::regnamespace order by 1, 2
"""


def check_foreign_keys(connection: Connection) -> None:
    """Check all present keys set by set and switch the row-by-row checks on again. Raises PublishError."""
    for table, name, to_table, columns, to_columns in connection.execute(_KEYS.encode()).fetchall():
        # as PostgreSQL: a key with a null in it points nowhere
        pairs = zip(columns, to_columns, strict=True)
        same = sql.SQL(" and ").join(
            sql.SQL("p.{} = c.{}").format(sql.Identifier(there), sql.Identifier(here)) for here, there in pairs
        )
        filled = sql.SQL(" and ").join(sql.SQL("c.{} is not null").format(sql.Identifier(column)) for column in columns)
        row = connection.execute(
            sql.SQL(
                "select exists (select 1 from {} as c where {} and not exists (select 1 from {} as p where {}))"
            ).format(sql.Identifier("marts", table), filled, sql.Identifier("marts", to_table), same)
        ).fetchone()
        if row == (True,):
            raise broken_key(table, name)
    connection.execute("set local session_replication_role = origin")


def check_changed_keys(connection: Connection, publish_id: int, changes: Mapping[str, str]) -> None:
    """As check_foreign_keys, for what one publish changed: tables in which rows of the affected customers (`rows`) or
    any rows (`all`) came and went. What went is in marts_undo. Raises PublishError.
    """
    gone: dict[tuple[str, ...], int] = {}
    for table, name, to_table, columns, to_columns in connection.execute(_KEYS.encode()).fetchall():
        child = changes.get(table)
        if child is not None and _points_nowhere(
            connection, table, to_table, columns, to_columns, of_night=child == "rows"
        ):
            raise broken_key(table, name)
        if child == "all" or to_table not in changes:
            continue
        # rows that stayed, and pointed to what went; almost always nothing went for good
        what = (to_table, *to_columns)
        lost = sql.Identifier(f"lost_of_{'_'.join(what)}"[:63])
        if what not in gone:
            gone[what] = _find_lost(connection, publish_id, to_table, to_columns, lost)
        if gone[what]:
            pairs = _same(zip(columns, to_columns, strict=True), "l", "c")
            row = connection.execute(
                sql.SQL("select count(*) from {} as c join {} as l on {}").format(
                    sql.Identifier("marts", table), lost, pairs
                )
            ).fetchone()
            if row != (0,):
                raise broken_key(table, name)
    connection.execute("set local session_replication_role = origin")


def _points_nowhere(
    connection: Connection, table: str, to_table: str, columns: list[str], to_columns: list[str], *, of_night: bool
) -> bool:
    """Whether a row (of the night's customers) points to a row that is not there. A key with a null points nowhere."""
    only = "join marts_next.affected_customers as a on a.golden_customer_id = c.golden_customer_id" if of_night else ""
    row = connection.execute(
        # counted, not `exists`: Postgres would plan for a first hit, and there is none
        sql.SQL("select count(*) from {} as c {} where {} and not exists (select 1 from {} as p where {})").format(
            sql.Identifier("marts", table),
            sql.SQL(only),
            sql.SQL(" and ").join(sql.SQL("c.{} is not null").format(sql.Identifier(column)) for column in columns),
            sql.Identifier("marts", to_table),
            _same(zip(columns, to_columns, strict=True), "p", "c"),
        )
    ).fetchone()
    return row != (0,)


def _find_lost(connection: Connection, publish_id: int, table: str, columns: list[str], lost: sql.Identifier) -> int:
    """Keys that the publish took out of a table and did not put in again → temporary table `lost`; returns how many."""
    undo = undo_name(publish_id, table)
    row = connection.execute("select to_regclass(%s) is null", (undo.as_string(connection),)).fetchone()
    if row == (True,):  # the publish made the table
        return 0
    return connection.execute(
        sql.SQL(
            "create temporary table {} on commit drop as select distinct {} from {} as u"
            " where not exists (select 1 from {} as p where {})"
        ).format(
            lost,
            sql.SQL(", ").join(sql.Identifier("u", column) for column in columns),
            undo,
            sql.Identifier("marts", table),
            _same(zip(columns, columns, strict=True), "p", "u"),
        )
    ).rowcount


def _same(pairs: Iterable[tuple[str, str]], there: str, here: str) -> sql.Composed:
    """Equality of two aliases' columns; pairs: (column here, column there)."""
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(there, to), sql.Identifier(here, own)) for own, to in pairs
    )


def broken_key(table: str | None, name: str | None) -> PublishError:
    return PublishError(
        f"marts.{table} would point to a row that is not there (constraint {name}). Nothing was published."
    )
