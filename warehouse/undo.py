"""What a publish replaced, kept in marts_undo so that it can be put back."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from psycopg import sql

from warehouse import marts_tables as shape

Connection = psycopg.Connection[Any]

KEPT_PUBLISHES = 7


def undo_name(publish_id: int, table: str) -> sql.Identifier:
    return sql.Identifier("marts_undo", f"p{publish_id}__{table}"[:63])


ForeignKeys = list[tuple[str, str, str]]  # as marts_tables.read_foreign_keys gives them, before anything is dropped


def keep_rows(connection: Connection, publish_id: int, table: str, foreign_keys: ForeignKeys) -> int:
    """Move the affected customers' published rows into the undo table; returns how many."""
    undo = undo_name(publish_id, table)
    deleted = connection.execute(
        sql.SQL(
            "create table {undo} as select * from {table} where golden_customer_id in"
            " (select golden_customer_id from marts_next.affected_customers)"
        ).format(undo=undo, table=sql.Identifier("marts", table))
    ).rowcount
    connection.execute(
        sql.SQL(
            "delete from {} where golden_customer_id in (select golden_customer_id from marts_next.affected_customers)"
        ).format(sql.Identifier("marts", table))
    )
    _note(connection, publish_id, table, "rows", foreign_keys)
    return deleted


def keep_full(connection: Connection, publish_id: int, table: str, foreign_keys: ForeignKeys) -> None:
    """Copy the whole published table, and note its shape: the publish may change it."""
    connection.execute(
        sql.SQL("create table {} as select * from {}").format(
            undo_name(publish_id, table), sql.Identifier("marts", table)
        )
    )
    _note(connection, publish_id, table, "full", foreign_keys)


def _note(connection: Connection, publish_id: int, table: str, kind: str, foreign_keys: ForeignKeys) -> None:
    old = {
        "columns": [
            [column.name, column.kind, column.required] for column in shape.read_columns(connection, "marts", table)
        ],
        "indexes": shape.read_indexes(connection, table),
        "foreign_keys": [[name, definition] for owner, name, definition in foreign_keys if owner == table],
    }
    connection.execute(
        "insert into ops.publish_tables (publish_id, table_name, rows_deleted, rows_inserted, undo_table, undo_kind,"
        " old_columns) values (%s, %s, 0, 0, %s, %s, %s)",
        (publish_id, table, f"p{publish_id}__{table}"[:63], kind, json.dumps(old)),
    )


def drop_undo(connection: Connection, publish_id: int) -> None:
    """Let go of one publish's undo tables."""
    rows = connection.execute(
        "select relname from pg_class where relnamespace = 'marts_undo'::regnamespace and relkind = 'r'"
        " and starts_with(relname, %s)",
        (f"p{publish_id}__",),
    ).fetchall()
    for (name,) in rows:
        connection.execute(sql.SQL("drop table {}").format(sql.Identifier("marts_undo", name)))


def forget_undo(connection: Connection, kept: int) -> None:
    """Keep the undo of the newest live publishes only."""
    rows = connection.execute(
        "select p.publish_id from ops.publish_log p where p.publish_id not in (select publish_id from ops.publish_log"
        " where status = 'live' order by publish_id desc limit %s) and exists (select 1 from pg_class"
        " where relnamespace = 'marts_undo'::regnamespace and starts_with(relname, 'p' || p.publish_id || '__'))",
        (kept,),
    ).fetchall()
    for (publish_id,) in rows:
        drop_undo(connection, publish_id)


def has_undo(connection: Connection, publish_id: int) -> bool:
    row = connection.execute(
        "select to_regclass(%s) is not null", (f'marts_undo."p{publish_id}__affected_customers"',)
    ).fetchone()
    return row == (True,)
