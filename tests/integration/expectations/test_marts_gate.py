"""The gate before publish: a good night in miniature, and the same night with one thing wrong at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import expectations
import warehouse

NIGHT = "2026-03-14"
UUID_OF = (
    "create function pg_temp.uuid_of(n bigint) returns uuid language sql as $$ select lpad(n::text, 32, '0')::uuid $$"
)


@pytest.fixture(scope="module")
def built(module_database: str) -> None:
    with warehouse.connect() as connection:
        connection.execute(UUID_OF)
        script = (
            Path(__file__).with_name("marts.sql").read_text(encoding="utf-8").replace("uuid_of(", "pg_temp.uuid_of(")
        )
        connection.execute(script.encode())


@pytest.fixture
def night(built: None) -> Iterator[psycopg.Connection]:
    """The good night; what a test breaks is put back from a copy."""
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(UUID_OF)
        tables = [
            f"{schema}.{name}"
            for schema, name in connection.execute(
                "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
                " and (table_schema = 'marts_next' or (table_schema = 'intermediate' and table_name like 'int\\_%'))"
            ).fetchall()
        ]
        for table in tables:
            connection.execute(f"create temp table {table.replace('.', '_')} as select * from {table}".encode())
        yield connection
        for table in tables:
            connection.execute(f"truncate {table}".encode())
            connection.execute(f"insert into {table} select * from {table.replace('.', '_')}".encode())


def test_a_good_night_passes(night: psycopg.Connection) -> None:
    result = expectations.audit_marts(NIGHT)
    assert result.worst_severity is None, result.message
    assert len(result.checks) > 40


@pytest.mark.parametrize(
    ("statement", "check", "severity"),
    [
        (
            "delete from marts_next.dim_customers where lifecycle_stage = 'prospect'",
            "affected_customers_present",
            "critical",
        ),
        (
            "insert into marts_next.dim_customers values (pg_temp.uuid_of(77), 'prospect', 0)",
            "only_affected_customers",
            "critical",
        ),
        (
            "insert into marts_next.dim_customers values (pg_temp.uuid_of(2), 'prospect', 0)",
            "customers_unique",
            "critical",
        ),
        (
            "delete from marts_next.fct_touchpoints where touchpoint_id = pg_temp.uuid_of(105)",
            "touchpoints_conserved",
            "critical",
        ),
        (
            "update marts_next.fct_touchpoints set touchpoint_id = pg_temp.uuid_of(104)",
            "touchpoints_unique",
            "critical",
        ),
        ("update marts_next.fct_touchpoints set golden_customer_id = null", "touchpoints_have_customers", "critical"),
        ("update marts_next.fct_touchpoints set stage_key = 'dreaming'", "touchpoint_stages_known", "critical"),
        ("update marts_next.fct_touchpoints set rule_priority = null", "touchpoints_have_rules", "warning"),
        ("update marts_next.fct_touchpoints set occurred_date = '2027-01-01'", "touchpoints_not_in_future", "warning"),
        ("update marts_next.fct_touchpoints set occurred_date = '2025-01-01'", "touchpoints_fresh", "warning"),
        (
            "update marts_next.fct_stage_entries set entered_by_touchpoint_id = pg_temp.uuid_of(5)",
            "entries_have_touchpoints",
            "critical",
        ),
        ("update marts_next.fct_stage_entries set stage_key = 'dreaming'", "entry_stages_known", "critical"),
        (
            "update marts_next.fct_stage_entries set seq_no = seq_no + 1 where seq_no = 2",
            "entries_numbered",
            "critical",
        ),
        ("update marts_next.fct_stage_entries set left_at = '2020-01-01'", "entries_in_order", "critical"),
        ("update marts_next.fct_stage_entries set move = 'sideways'", "entry_move_known", "critical"),
        ("delete from marts_next.fct_journeys where outcome = 'open'", "episodes_conserved", "critical"),
        ("update marts_next.fct_journeys set outcome = 'lost'", "journey_outcome_known", "critical"),
        ("delete from marts_next.fct_orders", "orders_conserved", "critical"),
        ("update marts_next.fct_orders set total_amount = -5", "orders_not_negative", "warning"),
        ("update marts_next.fct_orders set total_reporting_amount = 49", "revenue_agrees", "critical"),
        ("update marts_next.fct_orders set ordered_at = null", "order_time_present", "critical"),
        ("update marts_next.fct_refunds set refund_amount = -10", "refunds_not_negative", "critical"),
        ("update marts_next.fct_refunds set refund_amount = 11", "refunds_agree", "critical"),
        ("delete from marts_next.fct_refunds", "refunds_conserved", "critical"),
        ("insert into marts_next.fct_tickets values ('t1', 1)", "tickets_unique", "critical"),
        ("update marts_next.fct_tickets set hours_to_solve = -3", "ticket_times_plausible", "warning"),
        (
            "update marts_next.stage_funnel set customers = 9, open_customers = 8 where step_no = 2",
            "funnel_narrows",
            "critical",
        ),
        ("update marts_next.stage_funnel set open_customers = 5", "funnel_adds_up", "critical"),
        ("delete from marts_next.stage_funnel", "funnel_present", "critical"),
        ("update marts_next.dim_stages set is_in_force = false", "stages_present", "critical"),
    ],
)
def test_one_thing_wrong(night: psycopg.Connection, statement: str, check: str, severity: str) -> None:
    night.execute(statement.encode())
    result = expectations.audit_marts(NIGHT, raise_on_fail=False)
    found = {failed.check: failed.severity for failed in result.failed}
    assert found.get(check) == severity, found
    assert result.passed is ("critical" not in found.values())
    assert not [failed.message for failed in result.checks if "Cannot be evaluated" in failed.message]


def test_a_missing_table_never_passes(night: psycopg.Connection) -> None:
    night.execute("alter table marts_next.fct_tickets rename to fct_tickets_elsewhere")
    try:
        with pytest.raises(expectations.GateFailedError, match=r"marts_next.fct_tickets does not exist"):
            expectations.audit_marts(NIGHT)
    finally:
        night.execute("alter table marts_next.fct_tickets_elsewhere rename to fct_tickets")


def test_a_night_that_affects_nobody_passes_without_checks(night: psycopg.Connection) -> None:
    night.execute("delete from marts_next.affected_customers")
    result = expectations.audit_marts(NIGHT)
    assert [check.check for check in result.checks] == ["nothing_to_audit"]
