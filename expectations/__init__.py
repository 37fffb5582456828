"""The gate: Great Expectations suites at three points of the night. See README.md beside this file."""

from expectations.batch import audit_batch, audit_batches
from expectations.docs import build_docs
from expectations.errors import AuditError, ExpectationsError, GateFailedError, SuiteError
from expectations.layers import audit_identities, audit_marts
from expectations.results import CheckResult, GateResult

__all__ = [
    "AuditError",
    "CheckResult",
    "ExpectationsError",
    "GateFailedError",
    "GateResult",
    "SuiteError",
    "audit_batch",
    "audit_batches",
    "audit_identities",
    "audit_marts",
    "build_docs",
]
