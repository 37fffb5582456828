"""What can go wrong at the gate, in words that say what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expectations.results import GateResult


class ExpectationsError(Exception):
    """Base of this package's errors."""


class SuiteError(ExpectationsError):
    """A suite file cannot be used: names the file, the key, and what to write instead."""


class AuditError(ExpectationsError):
    """An audit could not be made: the subject does not exist or is not ready to be audited."""


class GateFailedError(ExpectationsError):
    """At least one critical check failed. `results` holds every result of the audit; the message holds figures only."""

    def __init__(self, results: list[GateResult]) -> None:
        self.results = results
        super().__init__("\n".join(result.explain() for result in results if not result.passed))
