"""The gates after `raw`: a proposed identity run, and the night's marts before they are published."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from expectations import store
from expectations.errors import AuditError, GateFailedError
from expectations.results import CheckResult, GateResult, Point
from expectations.suites import for_layer

if TYPE_CHECKING:
    import psycopg

logger = logging.getLogger(__name__)
_SCHEMAS = ("identity", "intermediate", "landing", "marts", "marts_next", "ops", "raw")

_RUN = """
select r.export_date, r.status, r.kind,
       exists (select 1 from identity.next_record_links n where n.run_id = r.run_id)
       or exists (select 1 from identity.next_golden_customers n where n.run_id = r.run_id)
       or exists (select 1 from identity.next_golden_id_changes n where n.run_id = r.run_id)
from identity.runs r where r.run_id = %s
"""


def audit_identities(run_id: int, *, raise_on_fail: bool = True) -> GateResult:
    """Audit what an identity run proposes in identity.next_*, before resolution.accept_run.

    A run that proposes nothing, or that was accepted before, passes without checks. Results go to ops.gate_results.
    Errors: AuditError for an unknown or discarded run; GateFailedError on critical failures (only if raise_on_fail).
    """
    import warehouse

    with warehouse.connect(name="journeyline audit") as connection:
        row = connection.execute(_RUN, (run_id,)).fetchone()
        if row is None:
            raise AuditError(f"no identity run {run_id} in identity.runs; run `python -m resolution` first")
        export_date, status, kind, has_proposal = row
        if status == "discarded":
            raise AuditError(f"identity run {run_id} was discarded: there is nothing left to audit")
        label = f"Identity run {run_id} ({kind}, {export_date})"
        idle = None if status == "proposed" else f"The run is already {status}."
        if idle is None and not has_proposal:
            idle = "The run proposes no change."
        parameters = {"run_id": run_id, "export_date": export_date.isoformat()}
        result = _audit(connection, "identities", str(run_id), label, export_date, parameters, idle)
    return _finish(result, raise_on_fail)


def audit_marts(export_date: date | str, *, raise_on_fail: bool = True) -> GateResult:
    """Audit the night's rows in marts_next, before warehouse.publish.

    A night that affects nobody passes without checks. Results go to ops.gate_results.
    Errors: AuditError when the marts were not built; GateFailedError on critical failures (only if raise_on_fail).
    """
    import warehouse

    night = export_date if isinstance(export_date, date) else date.fromisoformat(str(export_date))
    with warehouse.connect(name="journeyline audit") as connection:
        if "marts_next.affected_customers" not in store.existing_tables(connection, ["marts_next"]):
            raise AuditError("marts_next.affected_customers does not exist: call warehouse.find_affected first")
        affected = connection.execute("select exists (select 1 from marts_next.affected_customers)").fetchone()
        idle = None if affected == (True,) else "Tonight affects no customer: nothing will be published."
        # A night that comes late is built with the newest published date as its clock: rows are measured by that.
        prepared = connection.execute("select export_date from ops.next_publish").fetchone()
        parameters = {"export_date": (prepared[0] if prepared else night).isoformat()}
        result = _audit(connection, "marts", night.isoformat(), f"Marts of {night}", night, parameters, idle)
    return _finish(result, raise_on_fail)


def _audit(
    connection: psycopg.Connection[Any],
    point: Point,
    subject: str,
    label: str,
    export_date: date,
    parameters: Mapping[str, Any],
    idle: str | None,
) -> GateResult:
    if idle is None:
        checks = _run(connection, point, parameters)
    else:
        checks = [CheckResult(point, "nothing_to_audit", None, "info", passed=True, message=idle)]
    result = GateResult(point, subject, label, export_date, tuple(checks))
    store.save(connection, result)
    return result


def _run(connection: psycopg.Connection[Any], point: Point, parameters: Mapping[str, Any]) -> list[CheckResult]:
    import warehouse
    from expectations import engine

    existing = store.existing_tables(connection, _SCHEMAS)
    schema = "marts_next" if point == "marts" else "identity"
    url = warehouse.sqlalchemy_url()
    # Great Expectations reads through its own connection: end this transaction, hold nothing while it works.
    connection.commit()
    results: list[CheckResult] = []
    for suite, section in for_layer(point):
        job = engine.Job(suite.suite, suite.file, section.checks, section.figures, schema=schema, parameters=parameters)
        results += engine.run(job, url, existing)
    return results


def _finish(result: GateResult, raise_on_fail: bool) -> GateResult:
    logger.info("%s: %s", result.label, result.counts())
    if raise_on_fail and not result.passed:
        raise GateFailedError([result])
    return result
