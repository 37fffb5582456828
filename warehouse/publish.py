"""marts_next → marts: the affected customers' rows, in one transaction, with everything needed to go back.

BI sees the old night until the commit and the new one after it; tables are changed in place, so views, grants and
open connections stay. What is replaced is kept in marts_undo.p<publish_id>__<table> for the last seven publishes.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from warehouse import marts_keys as keys
from warehouse import marts_tables as shape
from warehouse import marts_views as views
from warehouse.affected import Affected, read_affected
from warehouse.clock import night_clock
from warehouse.connection import connect
from warehouse.dbt import MART_LAYERS
from warehouse.errors import PublishError
from warehouse.locks import night_lock
from warehouse.marts_models import MartModel, read_marts_models
from warehouse.marts_rows import Difference, find_difference, replace_rows
from warehouse.restatements import note_changes
from warehouse.runlog import run_log
from warehouse.tables import primary_key
from warehouse.undo import KEPT_PUBLISHES, forget_undo, keep_full, keep_rows, undo_name
from warehouse.views import SavedView
from warehouse.watermarks import read_sources, read_watermarks

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class TableChange:
    """Rows taken out of and put into one published table."""

    table: str
    rows_deleted: int
    rows_inserted: int
    undo_kind: str


@dataclass(frozen=True, slots=True)
class PublishResult:
    """status: published | unchanged (nobody affected, no whole table differs: nothing written) | rolled_back."""

    publish_id: int | None
    export_date: dt.date
    status: str
    affected: int
    everyone: bool
    tables: tuple[TableChange, ...] = ()
    seconds: float = 0.0


def publish(export_date: dt.date | str, *, manifest: Path | None = None) -> PublishResult:
    """Publish the night in preparation. All or nothing; readers never wait for it and never see a part of it.

    manifest: dbt's manifest of the marts layer; by default the one that run_dbt left.
    Raises PublishError when marts_next was not built for this night's customers.
    """
    began = time.monotonic()
    models = read_marts_models(manifest)
    with connect(name="journeyline publish") as connection:
        date = night_clock(connection, export_date)
    with night_lock("publish", wait_seconds=60), run_log(date, "publish") as figures:
        with connect(name="journeyline publish") as connection:
            connection.execute("set local synchronous_commit = on")
            night = read_affected(connection)
            _check(connection, night, date, models)
            changes, publish_id = _Publish(connection, night, models).run()
        status = "published" if publish_id is not None else "unchanged"
        figures.update(outcome=status, affected=night.affected, tables=len(changes))
    if publish_id is not None:
        analyze(changes)
    seconds = time.monotonic() - began
    return PublishResult(publish_id, date, status, night.affected, night.everyone, tuple(changes), seconds)


def _check(connection: Connection, night: Affected, date: dt.date, models: list[MartModel]) -> None:
    if night.export_date != date:
        raise PublishError(
            f"The night in preparation is {night.export_date}, not {date}: find the affected customers of {date} and"
            " build the marts again."
        )
    for model in models:
        if not shape.read_columns(connection, "marts_next", model.name):
            raise PublishError(f"marts_next.{model.name} does not exist: build the marts first.")
    views.check_kinds(connection, models)
    now = read_sources(connection, "answers")
    for layer in MART_LAYERS if night.affected else ():
        built = read_watermarks(connection, f"dbt:{layer}")
        if (built.get("affected"), built.get("affected_count")) != (now["affected"], now["affected_count"]):
            raise PublishError(
                "marts_next was built for other customers than the night in preparation names: run the dbt"
                f" layer {layer} again."
            )
    if night.refit and read_watermarks(connection, "dbt:answers").get("fits") != now["fits"]:
        raise PublishError("Statistics were fitted after the answers had been built: run the dbt layer answers again.")


class _Publish:
    """The statements of one publish, inside the caller's transaction."""

    def __init__(self, connection: Connection, night: Affected, models: list[MartModel]) -> None:
        self.connection, self.night, self.models = connection, night, models
        self.tables = [model for model in models if not model.is_view]
        self.publish_id = 0
        self.suspended = False
        self.differences: dict[str, Difference] = {}
        self.foreign_keys = keys.read_foreign_keys(connection)

    def run(self) -> tuple[list[TableChange], int | None]:
        work = [model for model in self.tables if self._has_work(model)]
        changed_views = [model for model in self.models if model.is_view and views.differs(self.connection, model)]
        if not (work or changed_views or self.night.refit):
            return [], None
        self.publish_id = self._log()
        self._keep_affected()
        keys.drop_undeclared_keys(self.connection, self.tables)
        alters = any(self._needs_alter(model) for model in work)
        others: list[SavedView] = []
        if alters or changed_views:
            others = views.take_down_views(self.connection, self.publish_id, self.models)
        if alters:
            keys.drop_foreign_keys(self.connection)  # put back, and checked for all rows at once, by the last step
        else:
            is_bulk = self.night.refit or self.night.affected >= keys.BULK_CUSTOMERS
            self.suspended = keys.suspend_foreign_keys(self.connection, may_drop=is_bulk)
        changes = [self._publish(model) for model in work]
        note_changes(self.connection, self.publish_id, self.models, {c.table: c.undo_kind for c in changes})
        # first, since PostgreSQL alters no table whose rows still wait for a check
        self._check_foreign_keys(changes)
        if alters or changed_views:
            views.put_up_views(self.connection, self.models, others)
            changes += [TableChange(model.name, 0, 0, "view") for model in changed_views]
        for model in self.models:
            if model.is_view:
                shape.describe_and_grant(self.connection, model)
                continue
            if shape.ensure_key(self.connection, model):  # columns of an earlier key may be null from now on
                shape.relax(self.connection, model.name, shape.read_columns(self.connection, "marts_next", model.name))
            shape.ensure_indexes(self.connection, model)
            shape.describe_and_grant(self.connection, model)
        self._ensure_foreign_keys()
        if self.night.refit:  # from now on in force, unless this publish is rolled back
            self.connection.execute(
                "update ops.fits set publish_id = %s where publish_id is null and export_date = %s",
                (self.publish_id, self.night.export_date),
            )
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "update ops.publish_tables set rows_deleted = %s, rows_inserted = %s where publish_id = %s and"
                " table_name = %s",
                [(c.rows_deleted, c.rows_inserted, self.publish_id, c.table) for c in changes],
            )
        forget_undo(self.connection, KEPT_PUBLISHES)
        return changes, self.publish_id

    def _has_work(self, model: MartModel) -> bool:
        if not shape.read_columns(self.connection, "marts", model.name):
            return True
        if shape.key_differs(self.connection, model):
            return True
        if model.by_customer:
            return self.night.affected > 0 or self._is_replaced(model)
        wanted = shape.read_columns(self.connection, "marts_next", model.name)
        return shape.shape_differs(self.connection, model.name, wanted) or not self._difference(model, wanted).is_empty

    def _is_replaced(self, model: MartModel) -> bool:
        """Whether marts_next holds everybody's rows of a mart that is published by customer."""
        return self.night.everyone or (model.is_fitted and self.night.refit)

    def _needs_alter(self, model: MartModel) -> bool:
        wanted = shape.read_columns(self.connection, "marts_next", model.name)
        exists = bool(shape.read_columns(self.connection, "marts", model.name))
        return exists and (
            shape.needs_alter(self.connection, model.name, wanted) or shape.key_differs(self.connection, model)
        )

    def _difference(self, model: MartModel, columns: list[shape.Column]) -> Difference:
        """What a whole table has other than the published one; looked for once."""
        if model.name not in self.differences:
            key = primary_key(self.connection, "marts", model.name)
            if key != primary_key(self.connection, "marts_next", model.name):
                key = ()
            self.differences[model.name] = find_difference(
                self.connection, model.name, sql.Identifier("marts_next", model.name), [c.name for c in columns], key
            )
        return self.differences[model.name]

    def _log(self) -> int:
        night = self.night
        row = self.connection.execute(
            "insert into ops.publish_log (export_date, affected, everyone, identity_run_id, watermark_seq, watermarks,"
            " rules_hash, refit) values (%s, %s, %s, %s, %s, %s, %s, %s) returning publish_id",
            (
                night.export_date, night.affected, night.everyone, night.identity_run_id,
                max(night.watermarks.values(), default=0), json.dumps(night.watermarks), night.rules_hash, night.refit,
            ),
        ).fetchone()  # fmt: skip
        assert row is not None
        return int(row[0])

    def _keep_affected(self) -> None:
        """Rollback deletes what this publish inserted: the rows of exactly these customers."""
        name = undo_name(self.publish_id, "affected_customers")
        self.connection.execute(
            sql.SQL(
                "create table {} (golden_customer_id) as select golden_customer_id from marts_next.affected_customers"
            ).format(name)
        )

    def _publish(self, model: MartModel) -> TableChange:
        wanted = shape.read_columns(self.connection, "marts_next", model.name)
        if not shape.read_columns(self.connection, "marts", model.name):
            return self._create(model, wanted)
        if shape.shape_differs(self.connection, model.name, wanted):
            return self._reshape(model, wanted)
        shape.relax(self.connection, model.name, wanted)
        if not model.by_customer:
            keep_full(self.connection, self.publish_id, model.name, self.foreign_keys)
            deleted, inserted = replace_rows(
                self.connection,
                model.name,
                sql.Identifier("marts_next", model.name),
                [c.name for c in wanted],
                self._difference(model, wanted),
            )
            change = TableChange(model.name, deleted, inserted, "full")
        elif self._is_replaced(model):
            keep_full(self.connection, self.publish_id, model.name, self.foreign_keys)
            deleted = self.connection.execute(
                sql.SQL("delete from {}").format(sql.Identifier("marts", model.name))
            ).rowcount
            change = TableChange(model.name, deleted, self._insert(model, wanted), "full")
        else:
            deleted = keep_rows(self.connection, self.publish_id, model.name, self.foreign_keys)
            change = TableChange(model.name, deleted, self._insert(model, wanted), "rows")
        shape.tighten(self.connection, model.name, wanted)
        return change

    def _create(self, model: MartModel, wanted: list[shape.Column]) -> TableChange:
        """The first publish of a table: rows first, key and indexes after them."""
        shape.create_table(self.connection, model.name, wanted)
        self.connection.execute(
            "insert into ops.publish_tables (publish_id, table_name, rows_deleted, rows_inserted, undo_kind)"
            " values (%s, %s, 0, 0, 'created')",
            (self.publish_id, model.name),
        )
        if model.by_customer and not self._is_replaced(model):
            raise PublishError(
                f"marts.{model.name} is new: it needs every customer's rows, not this night's only. Prepare the"
                " night with"
                " everyone affected (`python -m warehouse affected --everyone`), build the marts and publish."
            )
        return TableChange(model.name, 0, self._insert(model, wanted), "created")

    def _reshape(self, model: MartModel, wanted: list[shape.Column]) -> TableChange:
        if model.by_customer and not self._is_replaced(model):
            raise PublishError(
                f"The columns of marts.{model.name} changed: all its rows must be built again. Prepare the night with"
                " everyone affected (`python -m warehouse affected --everyone`), build the marts and publish."
            )
        keep_full(self.connection, self.publish_id, model.name, self.foreign_keys)
        target = sql.Identifier("marts", model.name)
        deleted = self.connection.execute(sql.SQL("delete from {}").format(target)).rowcount
        shape.change_shape(self.connection, model.name, wanted)
        shape.relax(self.connection, model.name, wanted)
        inserted = self._insert(model, wanted)
        shape.tighten(self.connection, model.name, wanted)
        return TableChange(model.name, deleted, inserted, "full")

    def _insert(self, model: MartModel, columns: list[shape.Column]) -> int:
        """The night's rows; of a customer mart only the affected customers', whatever else marts_next may hold."""
        names = sql.SQL(", ").join(sql.Identifier(c.name) for c in columns)
        only = " where golden_customer_id in (select golden_customer_id from marts_next.affected_customers)"
        return self.connection.execute(
            sql.SQL("insert into {} ({}) select {} from {}{}").format(
                sql.Identifier("marts", model.name),
                names,
                names,
                sql.Identifier("marts_next", model.name),
                sql.SQL(only if model.by_customer and not (model.is_fitted and self.night.refit) else ""),
            )
        ).rowcount

    def _check_foreign_keys(self, changes: list[TableChange]) -> None:
        """Now rather than at the commit, so that an error still names its table and constraint."""
        if self.suspended:
            how = {
                change.table: "rows" if change.undo_kind == "rows" else "all"
                for change in changes
                if change.undo_kind != "view"
            }
            keys.check_changed_keys(self.connection, self.publish_id, how)
            return
        try:
            self.connection.execute("set constraints all immediate")
        except psycopg.errors.ForeignKeyViolation as error:
            raise keys.broken_key(error.diag.table_name, error.diag.constraint_name) from None

    def _ensure_foreign_keys(self) -> None:
        try:
            keys.ensure_foreign_keys(self.connection, self.tables)
        except psycopg.errors.ForeignKeyViolation as error:
            raise keys.broken_key(error.diag.table_name, error.diag.constraint_name) from None


def analyze(changes: list[TableChange]) -> None:
    """Fresh statistics for BI's first queries, where a publish moved enough rows; it does not wait for them.

    A night changes one row in a hundred of a large table: its statistics still hold, and looking at all tables every
    night would cost more than the night.
    """
    with connect(autocommit=True, name="journeyline analyze") as connection:
        rows = connection.execute(
            "select c.relname, greatest(c.reltuples, 0), s.last_analyze is null and s.last_autoanalyze is null"
            " from pg_class as c left join pg_stat_all_tables as s on s.relid = c.oid"
            " where c.relnamespace = 'marts'::regnamespace and c.relkind = 'r'"
        ).fetchall()
        known = {str(name): (float(tuples), bool(never)) for name, tuples, never in rows}
        for change in changes:
            tuples, never = known.get(change.table, (0.0, False))
            moved = change.rows_deleted + change.rows_inserted
            if change.undo_kind != "view" and (never or moved > 50 + 0.05 * tuples):
                connection.execute(sql.SQL("analyze {}").format(sql.Identifier("marts", change.table)))
