"""Stored results of earlier audits, for the command line and the data-quality documentation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from expectations.results import CheckResult, Severity

_AUDITS = """
select g.point, g.subject, g.export_date, g.run_at,
       coalesce(b.platform || ' ' || b.object, ''),
       count(*), count(*) filter (where not g.passed and g.severity = 'critical'),
       count(*) filter (where not g.passed and g.severity = 'warning'),
       count(*) filter (where not g.passed and g.severity = 'info')
from ops.gate_results g
left join ops.batch_ledger b on g.point = 'batch' and b.batch_id::text = g.subject
where (%(point)s::text is null or g.point = %(point)s)
  and (%(subject)s::text is null or g.subject = %(subject)s)
  and (%(export_date)s::date is null or g.export_date = %(export_date)s)
group by g.point, g.subject, g.export_date, g.run_at, b.platform, b.object
order by g.run_at desc
limit %(limit)s
"""
_CHECKS = """
select suite, check_name, column_name, severity, passed, observed, evaluated, unexpected, coalesce(message, '')
from ops.gate_results where point = %s and subject = %s and run_at = %s
order by passed, array_position(array['critical', 'warning', 'info'], severity), gate_result_id
"""


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit that was made. Counts are failed checks by severity."""

    point: str
    subject: str
    export_date: date | None
    run_at: datetime
    what: str
    checks: int
    critical: int
    warning: int
    info: int

    @property
    def worst_severity(self) -> Severity | None:
        counts: tuple[tuple[Severity, int], ...] = (
            ("critical", self.critical),
            ("warning", self.warning),
            ("info", self.info),
        )
        return next((severity for severity, count in counts if count), None)

    @property
    def title(self) -> str:
        return {"batch": f"Batch {self.subject}", "identities": f"Identity run {self.subject}"}.get(
            self.point, f"Marts of {self.subject}"
        )


def audits(
    *, point: str | None = None, subject: str | None = None, export_date: date | None = None, limit: int = 50
) -> list[Audit]:
    """The newest audits first, narrowed by what is given."""
    import warehouse

    given = {"point": point, "subject": subject, "export_date": export_date, "limit": limit}
    with warehouse.connect(name="journeyline audit") as connection:
        return [Audit(*row) for row in connection.execute(_AUDITS, given).fetchall()]


def checks(audit: Audit) -> list[CheckResult]:
    """All results of an audit, failed and severe ones first."""
    return all_checks([audit])[audit]


def all_checks(chosen: list[Audit]) -> dict[Audit, list[CheckResult]]:
    """The results of several audits, through one connection."""
    import warehouse

    found: dict[Audit, list[CheckResult]] = {}
    with warehouse.connect(name="journeyline audit") as connection:
        for audit in chosen:
            rows: list[tuple[Any, ...]] = connection.execute(
                _CHECKS, (audit.point, audit.subject, audit.run_at)
            ).fetchall()
            found[audit] = [CheckResult(*row) for row in rows]
    return found
