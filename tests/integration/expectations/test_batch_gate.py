"""The gate before raw, on real landing tables and the real ledger."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import expectations
import warehouse
from tests.integration.expectations.planting import NIGHT, Land, landed, till
from warehouse.errors import BatchError

SECRET = "secret.person@example.com"


def query(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(sql.encode(), values).fetchall()


def failed(result: expectations.GateResult) -> dict[str, str]:
    return {check.check: check.severity for check in result.failed}


def test_good_batches_pass_and_may_be_promoted(land: Land) -> None:
    batch_id = land("point_of_sale", "invoice_line", till(200))
    result = expectations.audit_batch(batch_id)
    assert result.passed and result.worst_severity is None
    assert {check.suite for check in result.checks} == {"contract", "batch", "batch_point_of_sale"}
    assert query("select status from ops.batch_ledger where batch_id = %s", batch_id) == [("audited",)]
    stored = query("select count(*), bool_and(passed), count(distinct run_at) from ops.gate_results")
    assert stored == [(len(result.checks), True, 1)]


def test_a_missing_required_value_stops_the_batch_and_clears_its_landing(land: Land) -> None:
    rows = till(50)
    rows["stock_code"] = [None, None, *rows["stock_code"][2:]]
    batch_id = land("point_of_sale", "invoice_line", rows)
    with pytest.raises(expectations.GateFailedError, match=r"stock_code.*2 of 50 rows") as caught:
        expectations.audit_batch(batch_id)
    assert failed(caught.value.results[0]) == {"stock_code_present": "critical"}
    ((status, reason),) = query("select status, reason from ops.batch_ledger where batch_id = %s", batch_id)
    assert status == "rejected" and "stock_code" in reason
    assert query("select count(*) from landing.point_of_sale__invoice_line") == [(0,)]
    with pytest.raises(BatchError, match="is rejected"):
        warehouse.mark_audited(batch_id)


@pytest.mark.parametrize(
    ("rejected", "expected"),
    [
        (0, {}),
        (2, {"rejected_share_low": "warning"}),
        (30, {"rejected_share_low": "warning", "rejected_share_tolerable": "critical"}),
    ],
)
def test_the_share_of_rejected_rows(land: Land, rejected: int, expected: dict[str, str]) -> None:
    batch_id = land("point_of_sale", "invoice_line", till(100), rejected=rejected)
    result = expectations.audit_batch(batch_id, raise_on_fail=False)
    assert failed(result) == expected
    assert result.passed is ("critical" not in expected.values())


def test_lost_rows_are_noticed(land: Land) -> None:
    batch_id = land("point_of_sale", "invoice_line", till(100))
    with warehouse.connect() as connection:
        connection.execute("delete from landing.point_of_sale__invoice_line where quantity = 1 and line_number = 1")
        connection.execute("update ops.batch_ledger set rows_read = rows_read + 3")
    result = expectations.audit_batch(batch_id, raise_on_fail=False)
    assert failed(result) == {"landed_rows_present": "critical", "rows_accounted": "critical"}


def history(rows: list[int]) -> None:
    with warehouse.connect() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.batch_ledger (platform, object, export_date, status, rows_read, rows_inserted)"
            " values ('point_of_sale', 'invoice_line', %s, 'promoted', %s, %s)",
            [(NIGHT - timedelta(days=back + 1), count, count) for back, count in enumerate(rows)],
        )


@pytest.mark.parametrize(
    ("usual", "tonight", "expected"),
    [
        ([1000] * 6, 900, {}),
        ([1000] * 6, 400, {"rows_as_usual": "warning"}),
        ([1000] * 6, 40, {"rows_as_usual": "warning", "rows_not_collapsed": "critical"}),
        ([1000] * 5 + [30], 40, {}),  # one earlier night was quieter: not an alarm
        ([1000] * 3, 40, {}),  # too little is known
        ([60] * 10, 4, {}),  # too small an object to judge
        ([100] * 6, 1500, {"rows_not_exploded": "warning"}),
    ],
)
def test_rows_against_the_objects_own_history(
    land: Land, usual: list[int], tonight: int, expected: dict[str, str]
) -> None:
    history(usual)
    batch_id = land("point_of_sale", "invoice_line", till(tonight))
    assert failed(expectations.audit_batch(batch_id, raise_on_fail=False)) == expected


def test_an_empty_export_stops_only_where_there_usually_is_something(land: Land) -> None:
    quiet = land("point_of_sale", "invoice_line", till(0))
    assert expectations.audit_batch(quiet).checks[0].check == "nothing_to_audit"
    history([500] * 7)
    broken = land("point_of_sale", "invoice_line", till(0))
    assert "rows_not_collapsed" in failed(expectations.audit_batch(broken, raise_on_fail=False))


def test_platform_rules(land: Land) -> None:
    rows = till(100)
    rows["unit_price"] = [Decimal("-1.0000")] * 5 + rows["unit_price"][5:]
    rows["invoice_date"] = [datetime(2026, 3, 1, tzinfo=UTC)] * 100
    result = expectations.audit_batch(land("point_of_sale", "invoice_line", rows), raise_on_fail=False)
    assert failed(result) == {"prices_not_negative": "critical", "invoices_fresh": "warning"}
    assert "Found days since the newest invoice: 13 days; allowed: at most 7 days" not in result.message
    assert "13 days" in result.message


def test_every_platforms_suite_runs(full_database: str) -> None:
    """Every figure and column rule is valid SQL on the contract's real table."""
    import connectors
    from warehouse.sessions import shared_session

    samples: dict[str, Any] = {"text": "x", "bigint": 7, "integer": 1, "boolean": True, "date": NIGHT}
    samples |= {"timestamptz": datetime(2026, 3, 14, 9, tzinfo=UTC), "jsonb": "{}", "double precision": 1.0}
    ids = []
    with shared_session():
        for platform in connectors.platforms():
            for object_name in connectors.load_contract(platform).objects:
                spec = connectors.table_spec(platform, object_name)
                row = {column.name: [samples.get(column.pg_type, Decimal("1.00"))] * 3 for column in spec.columns}
                ids.append(landed(platform, object_name, row))
    for result in expectations.audit_batches(ids, raise_on_fail=False):
        broken = [check.message for check in result.checks if "Cannot be evaluated" in check.message]
        assert not broken, (result.label, broken)


def test_all_batches_are_audited_before_the_gate_speaks(land: Land) -> None:
    bad = till(20)
    bad["stock_code"] = [None] * 20
    ids = [land("point_of_sale", "invoice_line", bad), land("point_of_sale", "invoice_line", till(20))]
    with pytest.raises(expectations.GateFailedError) as caught:
        expectations.audit_batches(ids)
    assert [result.passed for result in caught.value.results] == [False, True]
    states = query("select status from ops.batch_ledger order by batch_id")
    assert states == [("rejected",), ("audited",)]


def test_no_value_of_a_row_gets_out(land: Land, caplog: pytest.LogCaptureFixture) -> None:
    """Planted personal data breaks rules in many columns; none of it may be stored, logged, raised or shown."""
    caplog.set_level(logging.DEBUG)
    count = 40
    rows: dict[str, list[Any]] = {
        "id": [f"{SECRET}-{index}" for index in range(count)],
        "created_at": [datetime(2026, 3, 1, tzinfo=UTC)] * count,
        "updated_at": [datetime(2026, 2, 1, tzinfo=UTC)] * count,
        "status": [SECRET] * count,
        "subject": [SECRET] * count,
        "requester_id": [None] * count,
    }
    batch_id = land("zendesk", "ticket", rows, rejected=20)
    with pytest.raises(expectations.GateFailedError) as caught:
        expectations.audit_batch(batch_id)
    assert {"tickets_have_requesters", "ticket_status_known", "ticket_times_in_order"} <= set(
        failed(caught.value.results[0])
    )
    stored = str(query("select * from ops.gate_results")) + str(query("select reason from ops.batch_ledger"))
    page = expectations.build_docs().read_text(encoding="utf-8")
    for place in (str(caught.value), repr(caught.value.results), stored, caplog.text, page):
        assert "secret" not in place.lower()


def test_a_failing_statement_does_not_quote_its_row(land: Land, caplog: pytest.LogCaptureFixture) -> None:
    from expectations.engine import Job, run
    from expectations.suites import Check, FigureSet

    caplog.set_level(logging.DEBUG)
    land("point_of_sale", "invoice_line", till(3, description=[SECRET] * 3))
    table = "landing.point_of_sale__invoice_line"
    base = {"severity": "critical", "description": "A rule that cannot work."}
    checks = [
        Check.model_validate({"check": "cast", "figure": "f.worst", "max_value": 1, **base}),
        Check.model_validate({"check": "text", "figure": "t.longest", "max_value": 1, **base}),
        Check.model_validate(
            {
                "check": "mean",
                "type": "expect_column_mean_to_be_between",
                "column": "description",
                "max_value": 1,
                **base,
            }
        ),
        Check.model_validate(
            {"check": "top", "type": "expect_column_most_common_value_to_be_in_set", "column": "description"}
            | {"value_set": ["a"], **base}
        ),
        Check.model_validate(
            {"check": "gone", "type": "expect_column_values_to_not_be_null", "column": "no_such_column", **base}
        ),
    ]
    figures = {
        "f": FigureSet(sql=f"select max(description::integer) as worst from {table}"),
        "t": FigureSet(sql=f"select max(description) as longest from {table}"),
    }
    job = Job("mine", "mine.yml", checks, figures, table=("landing", "point_of_sale__invoice_line"))
    results = run(job, warehouse.sqlalchemy_url(), frozenset({table}))
    assert [result.passed for result in results] == [False] * 5
    assert "secret" not in (repr(results) + caplog.text).lower()
    assert "Cannot be evaluated" in results[0].message and "Cannot be evaluated" in results[4].message


def test_an_unknown_expectation_type_names_file_and_key(land: Land) -> None:
    from expectations.engine import validate_suite
    from expectations.suites import Suite, load_all

    check = {"check": "a", "severity": "info", "description": "A typing error.", "column": "x"}
    suite = {"suite": "mine", "layer": "marts", "description": "Mine.", "file": "suites/mine.yml"}
    wrong = check | {"type": "expect_column_values_to_be_nul"}
    with pytest.raises(expectations.SuiteError, match=r"suites/mine.yml: checks.a.type.*did you mean") as caught:
        validate_suite(Suite.model_validate(suite | {"checks": [wrong]}))
    assert "expect_column_values_to_be_null" in str(caught.value)
    wrong = check | {"type": "expect_column_values_to_be_between", "minimum": 3}
    with pytest.raises(expectations.SuiteError, match=r"suites/mine.yml: checks.a.*minimum"):
        validate_suite(Suite.model_validate(suite | {"checks": [wrong]}))
    for shipped in load_all():
        validate_suite(shipped)


def test_batches_with_nothing_to_audit_never_load_great_expectations(land: Land) -> None:
    ids = [warehouse.open_batch("point_of_sale", "invoice_line", date(2026, 3, day)) for day in (1, 2)]
    warehouse.miss_batch(ids[0], "no file")
    warehouse.repeat_batch(ids[1], "same files as before")
    empty = land("point_of_sale", "invoice_line", till(0))
    code = (
        "import sys, expectations;"
        f"results = expectations.audit_batches({[*ids, empty]});"
        "print([r.passed for r in results], 'great_expectations' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ.copy())
    assert done.stdout.strip() == "[True, True, True] False", done.stderr
    assert query("select status from ops.batch_ledger order by batch_id") == [("missing",), ("repeated",), ("audited",)]


def test_what_cannot_be_audited(land: Land) -> None:
    with pytest.raises(expectations.AuditError, match=r"no such batch.*99"):
        expectations.audit_batch(99)
    with pytest.raises(expectations.AuditError, match="is open"):
        expectations.audit_batch(warehouse.open_batch("zendesk", "ticket", NIGHT))
    failed_before = warehouse.open_batch("zendesk", "ticket", NIGHT)
    warehouse.reject_batch(failed_before, "wrong delimiter")
    with pytest.raises(expectations.GateFailedError, match="rejected before its audit"):
        expectations.audit_batch(failed_before)
