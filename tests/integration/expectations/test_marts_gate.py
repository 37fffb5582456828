"""The gate before publish: a good night in miniature, and the same night with one thing wrong at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import expectations
import warehouse
from expectations.suites import for_layer

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
    assert len(result.checks) == sum(len(section.checks) for _, section in for_layer("marts"))


# Nights with many things wrong at once: what is wrong → the checks that must notice. Faults are grouped so that none
# of a night can set off a check that is there for another one: each check is proven, although an audit is made per
# night and not per fault.
CRITICAL, WARNING = "critical", "warning"
NIGHTS: dict[str, dict[str, dict[str, str]]] = {
    "unknown stages, a customer lost, sums that disagree": {
        "delete from marts_next.dim_customers where lifecycle_stage = 'prospect'": {
            "affected_customers_present": CRITICAL
        },
        "update marts_next.fct_touchpoints set stage_key = 'dreaming'": {"touchpoint_stages_known": CRITICAL},
        "update marts_next.fct_touchpoints set rule_priority = null": {"touchpoints_have_rules": WARNING},
        "update marts_next.fct_touchpoints set occurred_date = '2027-01-01'": {"touchpoints_not_in_future": WARNING},
        "update marts_next.fct_stage_entries set stage_key = 'dreaming'": {"entry_stages_known": CRITICAL},
        "update marts_next.fct_stage_entries set seq_no = seq_no + 1 where seq_no = 2": {"entries_numbered": CRITICAL},
        "update marts_next.fct_journeys set outcome = 'lost'": {"journey_outcome_known": CRITICAL},
        "update marts_next.fct_orders set total_reporting_amount = 49": {"revenue_agrees": CRITICAL},
        "update marts_next.fct_refunds set refund_amount = 11": {"refunds_agree": CRITICAL},
        "update marts_next.fct_tickets set hours_to_solve = -3": {"ticket_times_plausible": WARNING},
        "update marts_next.stage_funnel set customers = 9, open_customers = 8 where step_no = 2": {
            "funnel_narrows": CRITICAL
        },
    },
    "somebody else's customer, lost events, times and moves that cannot be": {
        "insert into marts_next.dim_customers values (pg_temp.uuid_of(77), 'prospect', 0)": {
            "only_affected_customers": CRITICAL
        },
        "delete from marts_next.fct_touchpoints where touchpoint_id = pg_temp.uuid_of(105)": {
            "touchpoints_conserved": CRITICAL
        },
        "update marts_next.fct_touchpoints set occurred_date = '2025-01-01'": {"touchpoints_fresh": WARNING},
        "update marts_next.fct_stage_entries set left_at = '2020-01-01'": {"entries_in_order": CRITICAL},
        "update marts_next.fct_stage_entries set move = 'sideways'": {"entry_move_known": CRITICAL},
        "delete from marts_next.fct_journeys where outcome = 'open'": {"episodes_conserved": CRITICAL},
        "update marts_next.fct_orders set total_amount = -5": {"orders_not_negative": WARNING},
        "update marts_next.fct_orders set ordered_at = null": {"order_time_present": CRITICAL},
        "insert into marts_next.fct_tickets values ('t1', 1)": {
            "tickets_unique": CRITICAL,
            "tickets_conserved": CRITICAL,
        },
        "update marts_next.stage_funnel set open_customers = 5": {"funnel_adds_up": CRITICAL},
    },
    "rows twice, no funnel, no stages in force": {
        "insert into marts_next.dim_customers values (pg_temp.uuid_of(2), 'prospect', 0)": {
            "customers_unique": CRITICAL
        },
        "update marts_next.fct_touchpoints set touchpoint_id = pg_temp.uuid_of(104)": {
            "touchpoints_unique": CRITICAL,
            "entries_have_touchpoints": CRITICAL,
        },
        "update marts_next.fct_refunds set refund_amount = -10": {
            "refunds_not_negative": CRITICAL,
            "refunds_agree": CRITICAL,
        },
        "delete from marts_next.stage_funnel": {"funnel_present": CRITICAL},
        "update marts_next.dim_stages set is_in_force = false": {
            "stages_present": CRITICAL,
            "touchpoint_stages_known": CRITICAL,
            "entry_stages_known": CRITICAL,
        },
    },
    "events of nobody, no orders": {
        "update marts_next.fct_touchpoints set golden_customer_id = null": {
            "touchpoints_have_customers": CRITICAL,
            "entries_have_touchpoints": CRITICAL,
            "episodes_conserved": CRITICAL,
        },
        "delete from marts_next.fct_orders": {
            "orders_conserved": CRITICAL,
            "revenue_agrees": CRITICAL,
            "refunds_agree": CRITICAL,
        },
    },
    "entries of other people's events, no refunds": {
        "update marts_next.fct_stage_entries set entered_by_touchpoint_id = pg_temp.uuid_of(5)": {
            "entries_have_touchpoints": CRITICAL
        },
        "delete from marts_next.fct_refunds": {"refunds_conserved": CRITICAL, "refunds_agree": CRITICAL},
    },
    "empty columns and seeds, refunds beyond orders": {
        "insert into marts_next.dim_customers values (null, 'prospect', 0)": {
            "customer_id_present": CRITICAL,
            "customers_unique": CRITICAL,
            "only_affected_customers": CRITICAL,
        },
        "update marts_next.fct_touchpoints set occurred_at = null": {"touchpoint_time_present": CRITICAL},
        "update marts_next.fct_orders set golden_customer_id = null": {"order_customer_present": CRITICAL},
        "update marts_next.fct_orders set is_refunded_beyond_total = true": {"refunds_within_orders": WARNING},
        "update marts_next.stage_funnel set step_rate = 1.2": {"funnel_rates_plausible": CRITICAL},
        "insert into marts_next.dim_stages select * from marts_next.dim_stages": {"stages_unique": CRITICAL},
        "delete from marts_next.dim_touchpoint_types": {"touchpoint_types_present": CRITICAL},
        "delete from marts_next.dim_channels": {"channels_present": CRITICAL},
        "insert into marts_next.fct_journeys select * from marts_next.fct_journeys": {
            "episodes_unique": CRITICAL,
            "episodes_conserved": CRITICAL,
        },
    },
    "orders and refunds twice, a currency without a rate": {
        "insert into marts_next.fct_orders select * from marts_next.fct_orders": {
            "orders_unique": CRITICAL,
            "orders_conserved": CRITICAL,
        },
        "update marts_next.fct_orders set total_reporting_amount = null": {
            "orders_have_rates": WARNING,
            "revenue_agrees": CRITICAL,
        },
        "insert into marts_next.fct_refunds select * from marts_next.fct_refunds": {
            "refunds_unique": CRITICAL,
            "refunds_conserved": CRITICAL,
        },
    },
    "the signs of many orders mixed up": {
        "insert into marts_next.fct_orders"
        " select 'm' || n, o.golden_customer_id, o.ordered_at, true, -1, 0, 0, false"
        " from marts_next.fct_orders as o, generate_series(1, 200) as n": {
            "orders_hardly_negative": CRITICAL,
            "orders_not_negative": WARNING,
            "orders_conserved": CRITICAL,
        },
    },
    "only what a night may go on with": {
        "update marts_next.fct_touchpoints set rule_priority = null": {"touchpoints_have_rules": WARNING},
        "update marts_next.dim_customers set lifecycle_stage = 'friend'": {"customer_lifecycle_known": WARNING},
    },
}


@pytest.mark.parametrize("name", NIGHTS)
def test_a_night_with_things_wrong(night: psycopg.Connection, name: str) -> None:
    expected: dict[str, str] = {}
    for statement, checks in NIGHTS[name].items():
        night.execute(statement.encode())
        expected |= checks
    result = expectations.audit_marts(NIGHT, raise_on_fail=False)
    assert {failed.check: failed.severity for failed in result.failed} == expected
    assert result.passed is (CRITICAL not in expected.values())
    assert not [failed.message for failed in result.checks if "Cannot be evaluated" in failed.message]


def test_every_check_of_the_marts_is_proven_to_notice_something() -> None:
    noticed = {check for night in NIGHTS.values() for checks in night.values() for check in checks}
    shipped = {check.check for _, section in for_layer("marts") for check in section.checks}
    assert shipped == noticed


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
