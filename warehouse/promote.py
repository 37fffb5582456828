"""Landing → raw: one batch, one transaction, set by set.

What "newer" means, for upsert and replace_partition: a landed row replaces a stored one unless it is older. Older is
decided by `version_column` when both rows have a value there and they differ, otherwise by the export date; so a
backfilled old night never overwrites what a later night brought. Inside a batch the highest version wins, then the
later position (append: the earlier position). Content is compared by `_row_hash`: equal content is never written.

Nothing is lost through a rejected row: a stored row of a replaced partition is not missing when its new version may be
among the rows that this batch rejected (see _Promotion._tombstone).
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from warehouse.batches import Batch, clear_landing, fetch_batch
from warehouse.cursors import commit_cursors
from warehouse.deny import keep_out
from warehouse.errors import BatchError, RowAccountingError
from warehouse.sessions import session
from warehouse.specs import HISTORY_COLUMNS, RAW_COLUMNS, TableSpec

log = logging.getLogger(__name__)

BULK_ROWS = 20_000  # from here on building indexes afterwards pays


@dataclass(frozen=True, slots=True)
class PromoteResult:
    """What a promotion did (counts are rows). `already`: the batch had been promoted before; the counts are of then."""

    batch_id: int
    platform: str
    object: str
    export_date: dt.date
    rows_read: int
    rows_inserted: int
    rows_updated: int
    rows_unchanged: int
    rows_duplicate: int
    rows_rejected: int
    rows_tombstoned: int
    changed_seq: int | None
    already: bool

    @property
    def rows_changed(self) -> int:
        return self.rows_inserted + self.rows_updated + self.rows_tombstoned


def promote(batch_id: int, spec: TableSpec, *, unaudited: bool = False) -> PromoteResult:
    """Move an audited batch from landing into raw, complete its ledger row and commit its cursors, in one transaction.

    unaudited: take a batch that no gate has seen (loading by hand, measurements); a night never does.
    Raises BatchError for a batch in the wrong state, RowAccountingError when rows are missing; raw is untouched then.
    """
    with session(f"journeyline promote {spec.table}") as connection:
        connection.execute("set local synchronous_commit = on")
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"promote:{spec.table}",))
        batch = fetch_batch(connection, batch_id, lock=True)
        if batch.table != spec.table:
            raise BatchError(f"{batch.label} is not a batch of {spec.table}.")
        if batch.status == "promoted":
            return _result(batch, already=True)
        _check_audited(connection, batch, unaudited)
        promotion = _Promotion(connection, batch, spec)
        counts = promotion.run()
        clear_landing(connection, batch)
        batch = replace(batch, rows_rejected=batch.rows_rejected + promotion.denied)
        _complete(connection, batch, counts, promotion.remark)
        commit_cursors(connection, batch_id)
        done = fetch_batch(connection, batch_id)
    _analyze_if_moved(spec, done)
    return _result(done, already=False)


def _check_audited(connection: psycopg.Connection[Any], batch: Batch, unaudited: bool) -> None:
    """A batch is audited when it was marked so, or when its gate left results and no critical one failed."""
    if batch.status == "audited" or (batch.status == "landed" and unaudited):
        return
    if batch.status == "landed":
        row = connection.execute(
            "select count(*), count(*) filter (where severity = 'critical' and not passed) from ops.gate_results"
            " where point = 'batch' and subject = %s",
            (str(batch.batch_id),),
        ).fetchone()
        if row is not None and row[0] > 0 and row[1] == 0:
            return
    raise BatchError(
        f"{batch.label} is {batch.status}; only an audited batch is promoted. Audit it"
        " (expectations.audit_batch), then promote."
    )


class _Promotion:
    """The statements of one promotion. `l` is the landed row, `r` the stored one, `d` one line of the difference.

    The difference (which landed rows are new, which replace which stored row) is worked out once, from the key and the
    hash alone, so that the join is narrow and can run in parallel; wide rows are read only where they are written.
    """

    def __init__(self, connection: psycopg.Connection[Any], batch: Batch, spec: TableSpec) -> None:
        self.connection, self.batch, self.spec = connection, batch, spec
        self.landing = sql.Identifier("landing", spec.table)
        self.raw = sql.Identifier("raw", spec.table)
        self.key = sql.SQL(", ").join(map(sql.Identifier, spec.key))
        self.same_key = _each("l.{0} = r.{0}", spec.key, " and ")
        self.winners: sql.Composable = sql.SQL("l._batch_id = %(batch)s")
        self.values: dict[str, Any] = {"batch": batch.batch_id, "date": batch.export_date}
        self.deleted: sql.Composable = sql.SQL("false")  # is the landed row deleted at its source?
        if spec.deletion:
            self.deleted = sql.SQL("coalesce(l.{}::text = any(%(marks)s), false)").format(
                sql.Identifier(spec.deletion[0])
            )
            self.values["marks"] = list(spec.deletion[1])
        self.remark: str | None = None
        self.denied = 0  # rows of erased persons, which are kept out

    def _execute(self, statement: str, **parts: sql.Composable) -> psycopg.Cursor[Any]:
        named = {"landing": self.landing, "raw": self.raw, "key": self.key, "same_key": self.same_key}
        return self.connection.execute(sql.SQL(statement).format(**{**named, **parts}), self.values)

    def _first(self, statement: str) -> Any:
        row = self._execute(statement).fetchone()
        assert row is not None
        return row[0]

    def run(self) -> dict[str, int]:
        """Write raw; returns the counts."""
        # Readers go on; another writer (a repair by hand) would move the rows that the difference points to.
        self._execute("lock table {raw} in share row exclusive mode")
        self.values["seq"] = self._first("select nextval('ops.changed_seq')")
        landed = self._first("select count(*) from {landing} where _batch_id = %(batch)s")
        if landed != self.batch.rows_landed:
            raise RowAccountingError(
                f"{self.batch.label}: {self.batch.rows_landed} rows were landed, but landing.{self.spec.table} has"
                f" {landed}. Landing does not survive a crash of the server: land the batch again."
            )
        self.denied = keep_out(self.connection, self.batch.batch_id, self.batch.platform, self.spec)
        landed -= self.denied
        if landed >= BULK_ROWS and not self._first("select exists (select 1 from {raw})"):
            inserted = self._fill_empty()
            return self._counts(landed, inserted, duplicates=landed - inserted)
        duplicates = self._find_duplicates()
        updated = tombstoned = 0
        if self._first("select exists (select 1 from {raw})"):
            if landed >= BULK_ROWS // 2:  # the planner needs figures of this batch for its join with raw
                self._execute("analyze {landing} (_batch_id, {key})")
            self._find_difference()
            updated = self._update()
            if self.spec.restatement == "replace_partition":
                tombstoned = self._tombstone()
            inserted = self._insert(
                sql.SQL("join difference as d on d._position = l._position and d.stored_at is null")
            )
        else:
            inserted = self._insert(sql.SQL(""))
        return self._counts(landed, inserted, updated, duplicates, tombstoned)

    @staticmethod
    def _counts(
        landed: int, inserted: int, updated: int = 0, duplicates: int = 0, tombstoned: int = 0
    ) -> dict[str, int]:
        return {
            "inserted": inserted,
            "updated": updated,
            "duplicate": duplicates,
            "unchanged": landed - inserted - updated - duplicates,
            "tombstoned": tombstoned,
        }

    def _find_duplicates(self) -> int:
        """Rows superseded inside the batch go into the temporary table `superseded`; returns how many they are.

        Hash aggregation finds the keys that come twice; only their rows, usually few, are sorted.
        """
        version = self.spec.version_column
        order: sql.Composable = sql.SQL("_position asc" if self.spec.restatement == "append" else "_position desc")
        if version and self.spec.restatement != "append":
            order = sql.SQL("{} desc nulls last, ").format(sql.Identifier(version)) + order
        count = self._execute(
            "create temporary table superseded on commit drop as"
            " select _position from (select _position, row_number() over (partition by {key} order by {order}) as place"
            "   from {landing} as l where _batch_id = %(batch)s and ({key}) in"
            "     (select {key} from {landing} where _batch_id = %(batch)s group by {key} having count(*) > 1))"
            " as ranked"
            " where place > 1",
            order=order,
        ).rowcount
        if count:  # left out otherwise: reading a temporary table forbids parallel plans
            self.winners = self.winners + sql.SQL(
                " and not exists (select 1 from superseded as s where s._position = l._position)"
            )
        return count

    def _newer(self) -> sql.Composable:
        """The landed row is not older than the stored one."""
        by_date = sql.SQL("l._export_date >= r._export_date")
        if self.spec.version_column is None:
            return by_date
        version = sql.Identifier(self.spec.version_column)
        return sql.SQL("case when l.{0} <> r.{0} then l.{0} > r.{0} else {1} end").format(version, by_date)

    def _find_difference(self) -> None:
        """`difference`: position of each landed row that will be written, and where the row it replaces is stored."""
        replaces = sql.SQL("(l._row_hash <> r._row_hash or r._is_deleted <> {}) and {}").format(
            self.deleted, self._newer()
        )
        self._execute(
            "create temporary table difference on commit drop as"
            " select l._position, r.ctid as stored_at from {landing} as l left join {raw} as r on {same_key}"
            " where {winners} and (r._batch_id is null or {replaces})",
            winners=self.winners,
            replaces=sql.SQL("false") if self.spec.restatement == "append" else replaces,
        )

    def _update(self) -> int:
        """Changed and revived rows."""
        if self.spec.history:
            self._keep_history(sql.SQL("join difference as d on d.stored_at = r.ctid"))
        return self._execute(
            "update {raw} as r set {set}, _changed_seq = %(seq)s, _is_deleted = {deleted}"
            " from {landing} as l join difference as d on d._position = l._position"
            " where l._batch_id = %(batch)s and d.stored_at = r.ctid",
            set=_each("{0} = l.{0}", self.spec.landed_names, ", "),
            deleted=self.deleted,
        ).rowcount

    def _tombstone(self) -> int:
        """Rows of a replaced partition that the batch no longer has.

        A partition is replaced when the batch has a row of it; rows of a later export date stay. A null never names a
        partition. A partition of which the batch rejected a row is not complete, so its absent rows stay as they are;
        when it is not known of which partition a rejected row was, all absent rows stay. The ledger says so.
        """
        absent: sql.Composable = sql.SQL(
            "where not r._is_deleted and r._export_date <= %(date)s"
            " and ({stored}) in (select {names} from {landing} where _batch_id = %(batch)s)"
            " and not exists (select 1 from {landing} as l where l._batch_id = %(batch)s and {same_key})"
        ).format(
            stored=_each("r.{0}", self.spec.partition, ", "),
            names=_each("{0}", self.spec.partition, ", "),
            landing=self.landing,
            same_key=self.same_key,
        )
        condition = absent + self._complete_partitions(absent) if self.batch.rows_rejected else absent
        if self.spec.history:
            self._keep_history(condition)
        return self._execute(
            "update {raw} as r set _is_deleted = true, _changed_seq = %(seq)s, _batch_id = %(batch)s,"
            " _export_date = %(date)s {condition}",
            condition=condition,
        ).rowcount

    def _complete_partitions(self, absent: sql.Composable) -> sql.Composable:
        """A condition on stored rows: no row of their partition was rejected. Sets the remark about rows kept by it."""
        unknown = self._first(
            "select count(*) from ops.rejected_rows where batch_id = %(batch)s and line_number is not null"
            " and partition_values is null"
        )
        if unknown:
            complete: sql.Composable = sql.SQL(" and false")
        else:
            complete = sql.SQL(
                " and ({stored}) not in (select {values} from ops.rejected_rows"
                " where batch_id = %(batch)s and partition_values is not null)"
            ).format(
                stored=_each("r.{0}::text", self.spec.partition, ", "),
                values=sql.SQL(", ").join(
                    sql.SQL("partition_values[{}]{}").format(sql.Literal(n), sql.SQL(f"::{self._type(name)}::text"))
                    for n, name in enumerate(self.spec.partition, 1)
                ),
            )
        kept = self._execute(
            "select count(*) from {raw} as r {absent} and not (true {complete})", absent=absent, complete=complete
        ).fetchone()
        if kept and kept[0]:
            names = ", ".join(self.spec.partition)
            of_these = "rows were rejected whose part is unknown" if unknown else "rows of the same part were rejected"
            self.remark = (
                f"{kept[0]} stored rows are not in this export, but were kept, because {of_these} (part: {names})."
                " Correct the rejected rows and pull again; what is then still absent is marked as deleted."
            )
        return complete

    def _type(self, name: str) -> str:
        return next(column.pg_type for column in self.spec.columns if column.name == name)

    def _keep_history(self, which: sql.Composable) -> None:
        names = (*self.spec.column_names, *RAW_COLUMNS)
        self._execute(
            "insert into {history} ({names}, {own}) select {stored}, %(batch)s, %(date)s from {raw} as r {which}",
            history=sql.Identifier("raw_history", self.spec.table),
            names=_each("{0}", names, ", "),
            own=_each("{0}", tuple(HISTORY_COLUMNS), ", "),
            stored=_each("r.{0}", names, ", "),
            which=which,
        )

    def _insert(self, join: sql.Composable) -> int:
        return self._execute(
            "insert into {raw} ({names}, _changed_seq, _is_deleted)"
            " select {values}, %(seq)s, {deleted} from {landing} as l {join} where {winners}",
            deleted=self.deleted,
            names=_each("{0}", self.spec.landed_names, ", "),
            values=_each("l.{0}", self.spec.landed_names, ", "),
            join=join,
            winners=self.winners,
        ).rowcount

    def _fill_empty(self) -> int:
        """The first load of a table: indexes are built after the rows, and a table emptied in this same transaction
        needs no write-ahead log (wal_level minimal). Five times as fast as row by row into the indexes.

        Building the primary key finds out for nothing whether a key comes twice; looking for duplicates beforehand
        costs a third of the whole promotion, so it is done only when there are some. Returns the rows inserted.
        """
        indexes = self._execute(
            "select i.indexrelid::regclass::text, c.conname, coalesce(pg_get_constraintdef(c.oid),"
            " pg_get_indexdef(i.indexrelid))"
            " from pg_index as i left join pg_constraint as c on c.conindid = i.indexrelid and c.conrelid = i.indrelid"
            " where i.indrelid = {name}::regclass order by c.conname nulls last, 1",
            name=sql.Literal(f'raw."{self.spec.table}"'),
        ).fetchall()
        for index, constraint, _ in indexes:
            if constraint:
                self._execute("alter table {raw} drop constraint {name}", name=sql.Identifier(constraint))
            else:
                self._execute("drop index {name}", name=sql.SQL(index))
        try:
            with self.connection.transaction():
                return self._fill(indexes)
        except psycopg.errors.UniqueViolation:
            self._find_duplicates()
        return self._fill(indexes)

    def _fill(self, indexes: list[tuple[Any, ...]]) -> int:
        self._execute("truncate {raw}")
        inserted = self._insert(sql.SQL(""))
        for _, constraint, definition in indexes:
            if constraint:
                self._execute(
                    "alter table {raw} add constraint {name} {definition}",
                    name=sql.Identifier(constraint),
                    definition=sql.SQL(definition),
                )
            else:
                self._execute("{definition}", definition=sql.SQL(definition))
        return inserted


def _each(template: str, names: tuple[str, ...], joiner: str) -> sql.Composed:
    return sql.SQL(joiner).join(sql.SQL(template).format(sql.Identifier(name)) for name in names)


def _complete(connection: psycopg.Connection[Any], batch: Batch, counts: dict[str, int], remark: str | None) -> None:
    accounted = sum(counts[name] for name in ("inserted", "updated", "unchanged", "duplicate")) + batch.rows_rejected
    if batch.rows_read != accounted:
        raise RowAccountingError(
            f"{batch.label}: {batch.rows_read} rows were read but {accounted} are accounted for. Land the batch again."
        )
    changed = counts["inserted"] + counts["updated"] + counts["tombstoned"]
    connection.execute(
        "update ops.batch_ledger set status = 'promoted', closed_at = clock_timestamp(), rows_inserted = %(inserted)s,"
        " rows_updated = %(updated)s, rows_unchanged = %(unchanged)s, rows_duplicate = %(duplicate)s,"
        " rows_tombstoned = %(tombstoned)s, reason = %(remark)s,"
        " changed_seq = case when %(changed)s > 0 then currval('ops.changed_seq') end"
        " where batch_id = %(batch)s",
        {**counts, "changed": changed, "remark": remark, "batch": batch.batch_id},
    )


def _analyze_if_moved(spec: TableSpec, batch: Batch) -> None:
    """dbt reads raw at once; autovacuum's next round may come too late for its plans."""
    changed = batch.rows_inserted + batch.rows_updated + batch.rows_tombstoned
    if not changed:
        return
    with session(f"journeyline analyze {spec.table}") as connection:
        table = sql.Identifier("raw", spec.table)
        row = connection.execute(
            "select reltuples from pg_class where oid = to_regclass(%s)", (f'raw."{spec.table}"',)
        ).fetchone()
        if row is not None and changed > 0.1 * max(row[0], 0):
            connection.execute(sql.SQL("analyze {}").format(table))


def _result(batch: Batch, *, already: bool) -> PromoteResult:
    names = [name for name in PromoteResult.__slots__ if name != "already"]
    return PromoteResult(**{name: getattr(batch, name) for name in names}, already=already)
