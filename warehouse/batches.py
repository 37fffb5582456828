"""The batch ledger and landing: one row of ops.batch_ledger per object, export date and attempt."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from warehouse.errors import BatchError, RowAccountingError
from warehouse.sessions import arrow_session, session
from warehouse.specs import TableSpec
from warehouse.streaming import LandingStream

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

log = logging.getLogger(__name__)

FILE_COLUMNS = ("file_name", "landed_path", "sha256", "size_bytes", "rows_read", "source_version")
REJECT_COLUMNS = (
    "file_name", "line_number", "column_name", "reason", "what_to_do", "original_text", "partition_values",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """One row of the ledger (counts are rows)."""

    batch_id: int
    platform: str
    object: str
    export_date: dt.date
    status: str
    reason: str | None
    rows_read: int
    rows_landed: int
    rows_inserted: int
    rows_updated: int
    rows_unchanged: int
    rows_duplicate: int
    rows_rejected: int
    rows_tombstoned: int
    changed_seq: int | None

    @property
    def table(self) -> str:
        return f"{self.platform}__{self.object}"

    @property
    def label(self) -> str:
        """For messages: which batch this is."""
        return f"batch {self.batch_id} ({self.platform}.{self.object}, {self.export_date})"


_FIELDS = ", ".join(Batch.__slots__)


def open_batch(platform: str, object: str, export_date: dt.date, contract_hash: str | None = None) -> int:
    """Begin an attempt to load one object's files of one export date; returns its batch id."""
    with session("journeyline land") as connection:
        row = connection.execute(
            "insert into ops.batch_ledger (platform, object, export_date, contract_hash) values (%s, %s, %s, %s)"
            " returning batch_id",
            (platform, object, export_date, contract_hash),
        ).fetchone()
        assert row is not None
        return int(row[0])


def read_batch(batch_id: int) -> Batch:
    """One batch as the ledger has it now; BatchError when there is none."""
    with session("journeyline ledger") as connection:
        return fetch_batch(connection, batch_id)


def fetch_batch(connection: psycopg.Connection[Any], batch_id: int, *, lock: bool = False) -> Batch:
    """The same, inside the caller's transaction; lock: hold the ledger row until its end."""
    query = f"select {_FIELDS} from ops.batch_ledger where batch_id = %s" + (" for update" if lock else "")  # noqa: S608
    row = connection.execute(query.encode(), (batch_id,)).fetchone()
    if row is None:
        raise BatchError(f"There is no batch {batch_id} in ops.batch_ledger.")
    return Batch(*row)


def read_batches(
    export_date: dt.date | None = None, platform: str | None = None, status: str | None = None
) -> list[Batch]:
    """Batches in order of their ids, narrowed by what is given."""
    wanted = {"export_date": export_date, "platform": platform, "status": status}
    given = {name: value for name, value in wanted.items() if value is not None}
    conditions: list[sql.Composable] = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in given
    ]
    query = sql.SQL(f"select {_FIELDS} from ops.batch_ledger where {{}} order by batch_id").format(  # noqa: S608
        sql.SQL(" and ").join(conditions or [sql.SQL("true")])
    )
    with session("journeyline ledger") as connection:
        return [Batch(*row) for row in connection.execute(query, given)]


def find_repeat(platform: str, object: str, export_date: dt.date, sha256s: Sequence[str]) -> int | None:
    """The newest promoted batch of the same object and export date made of exactly these files, if any."""
    with session("journeyline ledger") as connection:
        row = connection.execute(
            "select b.batch_id from ops.batch_ledger b where b.platform = %s and b.object = %s and b.export_date = %s"
            " and b.status = 'promoted' and %s::text[] = (select coalesce(array_agg(f.sha256 order by f.sha256), '{}')"
            " from ops.batch_files f where f.batch_id = b.batch_id) order by b.batch_id desc limit 1",
            (platform, object, export_date, sorted(sha256s)),
        ).fetchone()
        return None if row is None else int(row[0])


def judged_files(
    platform: str, first: dt.date, last: dt.date
) -> dict[tuple[str, dt.date], dict[str, tuple[str | None, int]]]:
    """(object, export date) → file name → (source version, size): files of the newest batch that was read to its end.

    Such a batch was promoted, rejected, or found to repeat a promoted one; dates without one are not there.
    """
    with session("journeyline ledger") as connection:
        rows = connection.execute(
            "select b.object, b.export_date, f.file_name, f.source_version, f.size_bytes from ("
            "   select distinct on (object, export_date) batch_id, object, export_date from ops.batch_ledger"
            "   where platform = %s and export_date between %s and %s"
            "   and status in ('promoted', 'repeated', 'rejected') order by object, export_date, batch_id desc) as b"
            " left join ops.batch_files f using (batch_id)",
            (platform, first, last),
        ).fetchall()
    found: dict[tuple[str, dt.date], dict[str, tuple[str | None, int]]] = {}
    for object_name, date, name, version, size in rows:
        files = found.setdefault((object_name, date), {})
        if name is not None:
            files[name] = (version, size)
    return found


def record_files(batch_id: int, files: Iterable[Mapping[str, Any]]) -> None:
    """Note the files of a batch: file_name, sha256, size_bytes; optionally landed_path, rows_read, source_version.

    source_version: what the place said tells this content from another; kept when a later note leaves it out.
    """
    with session("journeyline land") as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.batch_files (batch_id, file_name, landed_path, sha256, size_bytes, rows_read,"
            " source_version)"
            " values (%s, %s, %s, %s, %s, %s, %s) on conflict (batch_id, file_name) do update set"
            " landed_path = excluded.landed_path, sha256 = excluded.sha256, size_bytes = excluded.size_bytes,"
            " rows_read = excluded.rows_read,"
            " source_version = coalesce(excluded.source_version, batch_files.source_version)",
            [(batch_id, *(file.get(name) for name in FILE_COLUMNS)) for file in files],
        )


def record_rejects(batch_id: int, table: pa.Table) -> int:
    """Keep rejected rows; returns how many different rows of the batch are rejected so far.

    table: file_name (string), line_number (int64, null = the whole file), column_name, reason, what_to_do,
    original_text (strings), partition_values (list of strings, null = unknown); missing columns become null. A row with
    several faults may come several times: it counts once. A reason without a line number speaks of a file and counts
    no row.
    """
    import pyarrow as pa

    kinds = dict.fromkeys(REJECT_COLUMNS, pa.string())
    kinds |= {"line_number": pa.int64(), "partition_values": pa.list_(pa.string())}
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"batch_id": pa.array([batch_id] * len(table), pa.int64())}
    for name, kind in kinds.items():
        columns[name] = table[name].cast(kind) if name in table.column_names else pa.nulls(len(table), kind)
    if len(table):
        with arrow_session() as connection, connection.cursor() as cursor:
            cursor.adbc_ingest("rejected_rows", pa.table(columns), mode="append", db_schema_name="ops")
            connection.commit()
    with session("journeyline land") as ledger:
        row = ledger.execute(
            "update ops.batch_ledger set rows_rejected = (select count(*) from (select distinct file_name, line_number"
            " from ops.rejected_rows where batch_id = %(id)s and line_number is not null) as r)"
            " where batch_id = %(id)s returning rows_rejected",
            {"id": batch_id},
        ).fetchone()
        if row is None:
            raise BatchError(f"There is no batch {batch_id} in ops.batch_ledger.")
        return int(row[0])


def load_batch(batch_id: int, spec: TableSpec, batches: Iterable[pa.RecordBatch]) -> int:
    """COPY Arrow batches into landing, streaming; returns the rows landed by this call. All or nothing.

    batches: the contract's columns (missing ones become null), `_row_hash` (32 hex digits, or 16 bytes) and optionally
    `_extra` (JSON text), `_source_file`, `_source_line`. `_batch_id` and `_export_date` come from the ledger.
    May be called again for further files of the same batch; rows keep their order.
    """
    import adbc_driver_postgresql.dbapi as adbc
    import pyarrow as pa

    batch = read_batch(batch_id)
    if batch.status != "open" or batch.table != spec.table:
        raise BatchError(f"{batch.label} is {batch.status}: rows of {spec.table} cannot be landed in it.")
    stream = LandingStream(batch, spec, batches)
    try:
        with arrow_session() as connection, connection.cursor() as cursor:
            reader = pa.RecordBatchReader.from_batches(stream.schema, stream)
            cursor.adbc_ingest(spec.table, reader, mode="append", db_schema_name="landing")
            cursor.execute(
                "update ops.batch_ledger set rows_landed = rows_landed + $1 where batch_id = $2",
                parameters=(stream.rows, batch_id),
            )
            connection.commit()
    except adbc.Error as error:
        if stream.error is not None:
            raise stream.error from None
        raise BatchError(f"{batch.label}: PostgreSQL refused the rows: {_first_line(error)}") from None
    return stream.rows


def _first_line(error: Exception) -> str:
    """PostgreSQL's message without DETAIL and CONTEXT, which may quote values."""
    return str(error).splitlines()[0].replace("INTERNAL: [libpq] ", "")


def mark_landed(batch_id: int, rows_read: int) -> Batch:
    """All files are parsed: `rows_read` rows were seen. RowAccountingError when landed + rejected differ from it."""
    with session("journeyline land") as connection:
        batch = fetch_batch(connection, batch_id, lock=True)
        if batch.status != "open":
            raise BatchError(f"{batch.label} is {batch.status}, not open.")
        if rows_read != batch.rows_landed + batch.rows_rejected:
            raise RowAccountingError(
                f"{batch.label}: {rows_read} rows were read, but {batch.rows_landed} landed and"
                f" {batch.rows_rejected} were rejected. Every row must be one or the other."
            )
        connection.execute(
            "update ops.batch_ledger set status = 'landed', rows_read = %s, landed_at = clock_timestamp() where"
            " batch_id = %s",
            (rows_read, batch_id),
        )
    return read_batch(batch_id)


def mark_audited(batch_id: int) -> None:
    """The batch passed its gate and may be promoted."""
    with session("journeyline audit") as connection:
        batch = fetch_batch(connection, batch_id, lock=True)
        if batch.status not in ("landed", "audited"):
            raise BatchError(f"{batch.label} is {batch.status}: only a landed batch can be audited.")
        connection.execute("update ops.batch_ledger set status = 'audited' where batch_id = %s", (batch_id,))


def reject_batch(batch_id: int, reason: str) -> None:
    """The data are not acceptable: nothing of this batch reaches raw. The reason is in plain words, without values."""
    _close(batch_id, "rejected", reason)


def fail_batch(batch_id: int, reason: str) -> None:
    """Something broke (network, disk, a defect): the batch may be tried again as a new one."""
    _close(batch_id, "failed", reason)


def repeat_batch(batch_id: int, reason: str) -> None:
    """The same files were promoted before: nothing to do."""
    _close(batch_id, "repeated", reason)


def miss_batch(batch_id: int, reason: str) -> None:
    """There are no files for this object and date."""
    _close(batch_id, "missing", reason)


def _close(batch_id: int, status: str, reason: str) -> None:
    with session("journeyline ledger") as connection:
        batch = fetch_batch(connection, batch_id, lock=True)
        if batch.status == "promoted":
            raise BatchError(f"{batch.label} is already promoted; it cannot become {status}.")
        connection.execute(
            "update ops.batch_ledger set status = %s, reason = %s, closed_at = clock_timestamp() where batch_id = %s",
            (status, reason, batch_id),
        )
        if batch.rows_landed:
            clear_landing(connection, batch)


def clear_landing(connection: psycopg.Connection[Any], batch: Batch) -> None:
    """Remove the batch's rows from landing, inside the caller's transaction.

    TRUNCATE costs nothing but needs the table for itself; when another batch has rows there, or somebody is just
    landing, the rows are deleted one by one instead. It never waits.
    """
    import psycopg

    table = sql.Identifier("landing", batch.table)
    try:
        with connection.transaction():
            connection.execute(sql.SQL("lock table {} in access exclusive mode nowait").format(table))
            others = sql.SQL("select exists (select 1 from {} where _batch_id <> %s)").format(table)
            if connection.execute(others, (batch.batch_id,)).fetchone() == (False,):
                connection.execute(sql.SQL("truncate {}").format(table))
                return
    except psycopg.errors.LockNotAvailable:
        log.debug("landing.%s is in use; deleting instead of truncating", batch.table)
    connection.execute(sql.SQL("delete from {} where _batch_id = %s").format(table), (batch.batch_id,))
