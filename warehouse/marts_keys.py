"""Foreign keys of published tables: declared by models, checked at the end of each publish.

They are deferred, so that tables may be replaced in any order. PostgreSQL checks them row by row, which is right for a
night of a few hundred customers and far too slow when everyone's rows are replaced: then the checks are suspended for
this transaction and made set by set before it commits. Nobody else writes to marts (lock `publish`).
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from warehouse.errors import PublishError
from warehouse.marts_models import MartModel

Connection = psycopg.Connection[Any]

BULK_CUSTOMERS = 2_000  # from here on joining whole tables is cheaper than a look-up per row and key


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


def ensure_foreign_keys(connection: Connection, models: list[MartModel]) -> None:
    """Checked at the end of the transaction, so that tables may be replaced in any order."""
    present = {name: table for table, name, _ in read_foreign_keys(connection)}
    wanted = {key.name: key for model in models for key in model.foreign_keys}
    for name, table in present.items():
        if name.endswith("__fkey") and name not in wanted:
            connection.execute(
                sql.SQL("alter table {} drop constraint {}").format(
                    sql.Identifier("marts", table), sql.Identifier(name)
                )
            )
    for name, key in wanted.items():
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


def suspend_foreign_keys(connection: Connection) -> bool:
    """Switch row-by-row checks off until the transaction ends or `check_foreign_keys`; readers do not wait for it.

    Needs the right to set session_replication_role (`grant set on parameter session_replication_role to <role>`).
    Without it the keys are dropped, to be put back by `ensure_foreign_keys`: slower, and readers wait meanwhile.
    Returns whether they are still there and must be checked.
    """
    try:
        with connection.transaction():
            connection.execute("set local session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
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


def broken_key(table: str | None, name: str | None) -> PublishError:
    return PublishError(
        f"marts.{table} would point to a row that is not there (constraint {name}). Nothing was published."
    )
