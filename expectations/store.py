"""Reading and writing the run book for audits: ops.batch_ledger, ops.gate_results. Rules are in suites/*.yml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from expectations.errors import AuditError
from expectations.results import GateResult

if TYPE_CHECKING:
    import psycopg

HISTORY_LENGTH = 14  # batches that count as "recent": two weeks of nights
HISTORY_NEEDED = 5  # fewer say nothing about what is usual
HISTORY_ROWS = 100  # objects usually smaller than this swing too much to judge


@dataclass(frozen=True, slots=True)
class Batch:
    """A row of ops.batch_ledger. usual_rows: median of the object's recent promoted batches, None if too few."""

    batch_id: int
    platform: str
    object: str
    export_date: date
    status: str
    reason: str | None
    rows_read: int
    usual_rows: float | None

    @property
    def label(self) -> str:
        return f"Batch {self.batch_id} ({self.platform} {self.object}, {self.export_date})"


_BATCHES = """
select b.batch_id, b.platform, b.object, b.export_date, b.status, b.reason, b.rows_read,
       case when h.batches >= %(needed)s and h.usual >= %(rows)s then h.usual end
from ops.batch_ledger b
left join lateral (
    select count(*) as batches, percentile_cont(0.5) within group (order by r.rows_read) as usual
    from (select e.rows_read from ops.batch_ledger e
          where e.platform = b.platform and e.object = b.object and e.status = 'promoted'
            and e.export_date < b.export_date
          order by e.export_date desc, e.batch_id desc limit %(length)s) r
) h on true
where b.batch_id = any(%(ids)s)
"""


def batches(connection: psycopg.Connection[Any], batch_ids: Sequence[int]) -> list[Batch]:
    """The batches in the order asked for; AuditError names the ids that do not exist."""
    rows = connection.execute(
        _BATCHES,
        {"ids": list(batch_ids), "needed": HISTORY_NEEDED, "rows": HISTORY_ROWS, "length": HISTORY_LENGTH},
    ).fetchall()
    found = {row[0]: Batch(*row) for row in rows}
    unknown = [batch_id for batch_id in batch_ids if batch_id not in found]
    if unknown:
        raise AuditError(f"no such batch in ops.batch_ledger: {unknown}; see `python -m warehouse status`")
    return [found[batch_id] for batch_id in batch_ids]


def existing_tables(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> frozenset[str]:
    """Schema-qualified names of the tables, views and materialised views in some schemas."""
    rows = connection.execute(
        "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = any(%s) and c.relkind in ('r', 'v', 'm', 'p')",
        (list(schemas),),
    ).fetchall()
    return frozenset(row[0] for row in rows)


def save(connection: psycopg.Connection[Any], result: GateResult) -> None:
    """Append all checks of an audit to ops.gate_results, with one run_at."""
    rows = [
        (
            *(result.point, result.subject, result.export_date, check.suite, check.check, check.column),
            *(check.severity, check.passed, check.observed, check.evaluated, check.unexpected, check.message),
        )
        for check in result.checks
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.gate_results (point, subject, export_date, suite, check_name, column_name, severity,"
            " passed, observed, evaluated, unexpected, message, run_at) values"
            " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, transaction_timestamp())",
            rows,
        )
