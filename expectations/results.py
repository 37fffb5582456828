"""What a gate found. Figures only: no value of a row ever gets in here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Severity = Literal["info", "warning", "critical"]
Point = Literal["batch", "identities", "marts"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one suite.

    observed    a figure as text, or None where the check could not be evaluated
    evaluated   rows looked at; unexpected: rows among them that broke the rule (None for figures of a whole table)
    message     plain words: what is expected and what was found
    """

    suite: str
    check: str
    column: str | None
    severity: Severity
    passed: bool
    observed: str | None = None
    evaluated: int | None = None
    unexpected: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class GateResult:
    """All checks of one audit. It passes unless a critical check failed: warnings are reported, they stop nothing."""

    point: Point
    subject: str
    label: str
    export_date: date | None
    checks: tuple[CheckResult, ...] = field(default=())

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Failed checks, worst first."""
        broken = [check for check in self.checks if not check.passed]
        return tuple(sorted(broken, key=lambda check: -SEVERITIES.index(check.severity)))

    @property
    def worst_severity(self) -> Severity | None:
        """Worst severity among failed checks; None when all passed."""
        return self.failed[0].severity if self.failed else None

    @property
    def passed(self) -> bool:
        return self.worst_severity != "critical"

    def counts(self) -> dict[str, int]:
        """Numbers of checks, for logs, XCom and the run book."""
        broken = [check.severity for check in self.failed]
        return {"checks": len(self.checks), **{severity: broken.count(severity) for severity in SEVERITIES}}

    def summary(self) -> dict[str, Any]:
        """Ids and counts only, small enough for XCom."""
        return {"point": self.point, "subject": self.subject, "passed": self.passed, **self.counts()}

    @property
    def message(self) -> str:
        """What a person on call reads; figures and names only."""
        return self.explain()

    def explain(self) -> str:
        """The result in plain words, failed checks worst first."""
        stopping = [check for check in self.failed if check.severity == "critical"]
        if not self.failed:
            return f"{self.label}: all {len(self.checks)} checks passed."
        if stopping:
            head = f"{self.label} is stopped: {len(stopping)} critical of {len(self.checks)} checks failed."
        else:
            head = f"{self.label} passed with {len(self.failed)} of {len(self.checks)} checks failed."
        lines = [
            f"  {check.severity}: {check.suite}.{check.check}{_on(check)}: {check.message}" for check in self.failed
        ]
        hint = f"  All results: python -m expectations history --point {self.point} --subject {self.subject}"
        return "\n".join([head, *lines, hint])


def _on(check: CheckResult) -> str:
    return f" (column {check.column})" if check.column else ""
