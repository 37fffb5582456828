"""The gate before `raw`: one export object's rows in its landing table, and the ledger's account of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from expectations import store
from expectations.contract_checks import contract_checks, personal_columns
from expectations.errors import AuditError, GateFailedError
from expectations.results import CheckResult, GateResult
from expectations.suites import FigureSet, for_batch

if TYPE_CHECKING:
    import psycopg

    from warehouse import TableSpec

logger = logging.getLogger(__name__)
_AUDITABLE = {"landed", "audited"}
_NOTHING_TO_DO = {"promoted", "repeated", "missing"}


def audit_batch(batch_id: int, *, raise_on_fail: bool = True) -> GateResult:
    """Audit one landed batch; its ledger status becomes 'audited' or 'rejected'. See audit_batches."""
    return audit_batches([batch_id], raise_on_fail=raise_on_fail)[0]


def audit_batches(batch_ids: Sequence[int], *, raise_on_fail: bool = True) -> list[GateResult]:
    """Audit several landed batches in one process (the import of Great Expectations is paid once).

    Results go to ops.gate_results. A batch without critical failures becomes 'audited'; one with them 'rejected', with
    the reason in the ledger. Batches that were promoted, repeated or missing pass without checks. All batches are
    audited before GateFailedError is raised (only if raise_on_fail).
    Errors: AuditError for an id that does not exist or a batch that is still open; SuiteError for a broken suite.
    """
    import warehouse

    results = []
    with warehouse.connect(name="audit") as connection:
        for batch in store.batches(connection, batch_ids):
            result = _audit(connection, batch)
            store.save(connection, result)
            connection.commit()
            if batch.status in _AUDITABLE and result.passed:
                warehouse.mark_audited(batch.batch_id)
            elif batch.status in _AUDITABLE:
                warehouse.reject_batch(batch.batch_id, result.explain())
            logger.info("%s: %s", batch.label, result.counts())
            results.append(result)
    if raise_on_fail and not all(result.passed for result in results):
        raise GateFailedError(results)
    return results


def _audit(connection: psycopg.Connection[Any], batch: store.Batch) -> GateResult:
    checks: list[CheckResult] = []
    if batch.status in _AUDITABLE:
        if batch.rows_read == 0 and batch.usual_rows is None:
            checks = [_note("nothing_to_audit", "The export is empty, and nothing says that it should not be.")]
        else:
            checks = _run(connection, batch)
    elif batch.status in _NOTHING_TO_DO:
        checks = [_note("nothing_to_audit", f"The batch is {batch.status}: there is nothing to audit.")]
    elif batch.status in ("rejected", "failed"):
        words = f"The batch was {batch.status} before its audit; ops.batch_ledger has the reason."
        checks = [CheckResult("batch", "batch_landed", None, "critical", passed=False, message=words)]
    else:
        raise AuditError(f"{batch.label} is {batch.status}: land it first (`python -m connectors land`)")
    return GateResult("batch", str(batch.batch_id), batch.label, batch.export_date, tuple(checks))


def _note(name: str, message: str) -> CheckResult:
    return CheckResult("batch", name, None, "info", passed=True, message=message)


def _run(connection: psycopg.Connection[Any], batch: store.Batch) -> list[CheckResult]:
    import connectors
    import warehouse
    from expectations import engine

    spec = connectors.table_spec(batch.platform, batch.object)
    table = ("landing", f"{batch.platform}__{batch.object}")
    existing = store.existing_tables(connection, ["landing", "raw", "ops"])
    parameters = {
        "batch_id": batch.batch_id,
        "platform": batch.platform,
        "object": batch.object,
        "export_date": batch.export_date.isoformat(),
        "usual_rows": batch.usual_rows,
    }
    common: dict[str, Any] = {
        "table": table,
        "batch_id": batch.batch_id,
        "parameters": parameters,
        "pii": personal_columns(spec),
    }
    jobs = [engine.Job("contract", f"contract of {batch.platform}", contract_checks(spec), **common)]
    for suite, section in for_batch(batch.platform, batch.object):
        figures = {name: _filled(figure, spec) for name, figure in section.figures.items()}
        jobs.append(engine.Job(suite.suite, suite.file, section.checks, figures, **common))
    url = warehouse.sqlalchemy_url()
    return [result for job in jobs if job.checks for result in engine.run(job, url, existing)]


def _filled(figure: FigureSet, spec: TableSpec) -> FigureSet:
    """The statement with the landing table's quoted name in place of {table}."""
    name = f'landing."{spec.platform}__{spec.object}"'
    needed = (f"landing.{spec.platform}__{spec.object}",) if "{table}" in figure.sql else ()
    return figure.model_copy(update={"sql": figure.sql.replace("{table}", name), "needs": (*figure.needs, *needed)})
