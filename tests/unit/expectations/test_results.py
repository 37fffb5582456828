"""Severity decides, and what is said is figures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.results import SEVERITIES, CheckResult, GateResult
from expectations.suites import Check
from expectations.wording import describe_failure, describe_figure, describe_rows, number, quantity


def result(*outcomes: tuple[str, bool]) -> GateResult:
    checks = tuple(
        CheckResult("suite", f"check_{index}", None, severity, passed, message="Words.")  # type: ignore[arg-type]
        for index, (severity, passed) in enumerate(outcomes)
    )
    return GateResult("batch", "7", "Batch 7", None, checks)


@pytest.mark.parametrize(
    ("outcomes", "worst", "passed"),
    [
        ((), None, True),
        ((("critical", True), ("warning", True)), None, True),
        ((("critical", True), ("warning", False)), "warning", True),
        ((("info", False),), "info", True),
        ((("info", False), ("critical", False), ("warning", False)), "critical", False),
    ],
)
def test_worst_severity_of_failed_checks_decides(outcomes: tuple, worst: str | None, passed: bool) -> None:
    assert result(*outcomes).worst_severity == worst
    assert result(*outcomes).passed is passed


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SEVERITIES), st.booleans()), max_size=12))
def test_a_gate_stops_exactly_when_a_critical_check_failed(outcomes: list[tuple[str, bool]]) -> None:
    gate = result(*outcomes)
    assert gate.passed is (("critical", False) not in outcomes)
    assert gate.counts()["checks"] == len(outcomes)
    assert [SEVERITIES.index(check.severity) for check in gate.failed] == sorted(
        (SEVERITIES.index(check.severity) for check in gate.failed), reverse=True
    )


def test_the_message_says_what_stopped_it_first() -> None:
    lines = result(("warning", False), ("critical", False)).explain().splitlines()
    assert lines[0] == "Batch 7 is stopped: 1 critical of 2 checks failed."
    assert lines[1].startswith("  critical: suite.check_1")
    assert "python -m expectations history" in lines[-1]


def figure(unit: str = "number", **bounds: float) -> Check:
    return Check.model_validate(
        {
            "check": "c",
            "figure": "f.rows_lost",
            "severity": "critical",
            "description": "No row is lost.",
            "unit": unit,
            **bounds,
        }
    )


def test_words_for_figures() -> None:
    assert describe_figure(figure(max_value=0.01, unit="share"), 0.123)[1] == (
        "No row is lost. Found rows lost: 12.3 %; allowed: at most 1 %."
    )
    assert describe_figure(figure(min_value=0, max_value=0, unit="rows"), 1234)[1].endswith(
        "Found rows lost: 1,234 rows; allowed: exactly 0 rows."
    )
    assert describe_figure(figure(min_value=1), None) == ("not enough data", "No row is lost. Not enough data to say.")
    assert describe_rows(figure(min_value=1), 3, 0)[0] == "3 of 0 rows"


@pytest.mark.parametrize(
    ("value", "text"), [(1234567, "1,234,567"), (0.25, "0.25"), (3.0, "3"), (1234.5, "1,234.50"), (True, "true")]
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_shares() -> None:
    assert quantity(0.0312, "share") == "3.12 %"


def test_a_driver_error_is_told_by_its_class_only() -> None:
    info = {
        "exception_message": 'InvalidTextRepresentation: invalid input syntax for type integer: "jo@example.com"',
        "exception_traceback": "Traceback ... sqlalchemy.exc.DataError: (psycopg...) jo@example.com",
    }
    assert "example.com" not in describe_failure(info)
    assert "does not exist" in describe_failure({"exception_message": "UndefinedColumn: column x"})
