"""Taking the newest publish back: the tables are again exactly what they were before it, in one transaction.

Rows: the affected customers' rows are deleted and their earlier ones put back from marts_undo. Shape: where the publish
changed columns, the table is given its earlier columns, key, indexes and foreign keys first, then all its earlier rows.
A table that the publish made for the first time is emptied, not dropped: views may stand on it by now.
A rolled-back publish no longer counts, so its customers are affected again the next night.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import psycopg
from psycopg import sql

from warehouse import marts_keys as keys
from warehouse import marts_tables as shape
from warehouse import marts_views as views
from warehouse.connection import connect
from warehouse.errors import PublishError
from warehouse.locks import night_lock
from warehouse.marts_rows import find_difference, replace_rows
from warehouse.publish import PublishResult, TableChange, analyze
from warehouse.runlog import run_log
from warehouse.tables import primary_key
from warehouse.undo import drop_undo, has_undo, undo_name

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]


def rollback(publish_id: int | None = None) -> PublishResult:
    """Take back the newest live publish; `publish_id`, if given, must be it.

    Raises PublishError when there is nothing to take back, when a later publish stands on it, or its undo is gone.
    """
    began = time.monotonic()
    with night_lock("publish", wait_seconds=60), connect(name="journeyline rollback") as connection:
        connection.execute("set local synchronous_commit = on")
        row = connection.execute(
            "select publish_id, export_date, affected, everyone from ops.publish_log where status = 'live'"
            " order by publish_id desc limit 1"
        ).fetchone()
        if row is None:
            raise PublishError("There is no live publish to roll back.")
        newest, date, affected, everyone = row
        if publish_id is not None and publish_id != newest:
            raise PublishError(
                f"Only the newest live publish can be rolled back: that is {newest}, not {publish_id}."
                " Roll the later ones back first, one by one."
            )
        if not has_undo(connection, newest):
            raise PublishError(f"The undo of publish {newest} is no longer kept; it cannot be rolled back.")
        with run_log(date, "rollback", str(newest)) as figures:
            changes = _restore_all(connection, newest, affected)
            figures.update(affected=affected, tables=len(changes))
        connection.execute(
            "update ops.publish_log set status = 'rolled_back', rolled_back_at = clock_timestamp() where"
            " publish_id = %s",
            (newest,),
        )
        drop_undo(connection, newest)
    analyze(changes)
    log.info("rolled back publish %d of %s", newest, date)
    return PublishResult(newest, date, "rolled_back", affected, everyone, tuple(changes), time.monotonic() - began)


def _restore_all(connection: Connection, publish_id: int, affected: int) -> list[TableChange]:
    rows = connection.execute(
        "select table_name, undo_kind, old_columns from ops.publish_tables where publish_id = %s order by table_name",
        (publish_id,),
    ).fetchall()
    saved_views = [(table, old) for table, kind, old in rows if kind == "view"]
    others = views.restore_views(connection, saved_views)
    rows = [row for row in rows if row[1] != "view"]
    foreign_keys = keys.read_foreign_keys(connection)
    kept = {table for table, _, _ in rows}
    # Those of tables that this publish did not touch stay; the others become what they were before it.
    wanted = [key for key in foreign_keys if key[0] not in kept]
    for table, _, old in rows:
        wanted += [(table, *definition) for definition in (old or {}).get("foreign_keys", [])]
    reshape = sorted(wanted) != foreign_keys or any(
        old and _was_altered(connection, table, old) for table, _, old in rows
    )
    suspended = False
    if reshape:
        keys.drop_foreign_keys(connection)
    elif affected >= keys.BULK_CUSTOMERS:
        suspended = keys.suspend_foreign_keys(connection)
        reshape = not suspended  # without the right to suspend them they were dropped
    changes = [_restore(connection, publish_id, table, kind, old) for table, kind, old in rows]
    if suspended:
        keys.check_foreign_keys(connection)
    if reshape:
        for table, _, old in rows:
            if old is not None:
                shape.restore_indexes(connection, table, old["indexes"])
                shape.relax(connection, table, _columns(old))
        for table, name, definition in wanted:
            connection.execute(
                sql.SQL("alter table {} add constraint {} {}").format(
                    sql.Identifier("marts", table), sql.Identifier(name), sql.SQL(definition)
                )
            )
    views.put_up_earlier(connection, saved_views, others)
    return changes


def _was_altered(connection: Connection, table: str, old: dict[str, Any]) -> bool:
    """Whether columns, key or indexes differ from what they were before the publish."""
    return (
        shape.needs_alter(connection, table, _columns(old)) or shape.read_indexes(connection, table) != old["indexes"]
    )


def _common_key(connection: Connection, table: str, old: dict[str, Any]) -> tuple[str, ...]:
    """The primary key that a published table has now and had before the publish; empty when it was another one."""
    before, now = (
        [entry for entry in entries if entry[2] == "constraint"]
        for entries in (old["indexes"], shape.read_indexes(connection, table))
    )
    return primary_key(connection, "marts", table) if before == now else ()


def _columns(old: dict[str, Any]) -> list[shape.Column]:
    return [shape.Column(*column) for column in old["columns"]]


def _restore(connection: Connection, publish_id: int, table: str, kind: str, old: dict[str, Any] | None) -> TableChange:
    target, undo = sql.Identifier("marts", table), undo_name(publish_id, table)
    if kind == "created" or old is None:
        deleted = connection.execute(sql.SQL("delete from {}").format(target)).rowcount
        return TableChange(table, deleted, 0, kind)
    columns = _columns(old)
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    shape.relax(connection, table, columns)
    if shape.shape_differs(connection, table, columns):
        deleted = connection.execute(sql.SQL("delete from {}").format(target)).rowcount
        shape.change_shape(connection, table, columns)
        shape.relax(connection, table, columns)
        inserted = connection.execute(
            sql.SQL("insert into {} ({}) select {} from {}").format(target, names, names, undo)
        ).rowcount
    elif kind == "full":
        names_now = [column.name for column in columns]
        difference = find_difference(connection, table, undo, names_now, _common_key(connection, table, old))
        deleted, inserted = replace_rows(connection, table, undo, names_now, difference)
    else:
        deleted = connection.execute(
            sql.SQL("delete from {} where golden_customer_id in (select golden_customer_id from {})").format(
                target, undo_name(publish_id, "affected_customers")
            )
        ).rowcount
        inserted = connection.execute(
            sql.SQL("insert into {} ({}) select {} from {}").format(target, names, names, undo)
        ).rowcount
    shape.tighten(connection, table, columns)
    return TableChange(table, deleted, inserted, kind)
