"""Whom a night touches: each reason on its own, and nobody without a reason."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

import warehouse
from warehouse.errors import AffectedError

DAY = dt.date(2026, 3, 1)
NEXT = DAY + dt.timedelta(days=1)

TABLES = """
create table intermediate.int_person_records (source_record_key uuid primary key, _changed_seq bigint);
create table intermediate.int_touchpoints (touchpoint_id uuid primary key, source_record_key uuid, _changed_seq bigint);
create table intermediate.int_orders (order_id text primary key, source_record_key uuid, _changed_seq bigint);
create table intermediate.int_tickets (ticket_id text primary key, source_record_key uuid, _changed_seq bigint);
create table marts.fct_touchpoints (touchpoint_id uuid primary key, golden_customer_id uuid);
create table marts.fct_orders (order_id text primary key, golden_customer_id uuid);
create table marts.fct_journeys (golden_customer_id uuid primary key, next_clock_date date);
insert into identity.runs (export_date, kind, status) values ('2026-03-01', 'full', 'accepted');
"""


def key(number: int) -> uuid.UUID:
    return uuid.UUID(int=1000 + number)


def customer(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


@pytest.fixture
def night(database: str) -> None:
    """Five customers with one record and one touchpoint each, published on DAY."""
    with warehouse.connect() as connection:
        connection.execute(TABLES.encode())
        for n in range(1, 6):
            connection.execute(
                "insert into identity.golden_customers (golden_customer_id, created_run_id, created_date,"
                " founding_record_key)"
                " values (%s, 1, %s, %s)",
                (customer(n), DAY, key(n)),
            )
            connection.execute(
                "insert into identity.record_links (source_record_key, golden_customer_id, valid_from_run_id,"
                " decided_by)"
                " values (%s, %s, 1, 'single')",
                (key(n), customer(n)),
            )
            connection.execute("insert into intermediate.int_person_records values (%s, 1)", (key(n),))
            connection.execute(
                "insert into intermediate.int_touchpoints values (%s, %s, 1)", (uuid.UUID(int=n), key(n))
            )
            connection.execute("insert into marts.fct_touchpoints values (%s, %s)", (uuid.UUID(int=n), customer(n)))
            connection.execute("insert into marts.fct_journeys values (%s, '2026-04-01')", (customer(n),))
    assert warehouse.find_affected(DAY) == 5
    with warehouse.connect() as connection:
        connection.execute(
            "insert into ops.publish_log (export_date, affected, everyone, identity_run_id, watermark_seq,"
            " watermarks, rules_hash)"
            " select export_date, affected, everyone, identity_run_id, 1, watermarks, rules_hash from ops.next_publish"
        )


def change(statement: str, *values: object) -> None:
    with warehouse.connect() as connection:
        connection.execute(statement.encode(), values)


def found(date: dt.date = NEXT) -> dict[int, str]:
    warehouse.find_affected(date)
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select golden_customer_id, reason from marts_next.affected_customers order by 1"
        ).fetchall()
    return {row[0].int: row[1] for row in rows}


def test_without_layers_there_is_a_clear_message(database: str) -> None:
    with pytest.raises(AffectedError, match="run the dbt layers persons and touchpoints first"):
        warehouse.find_affected(DAY)


def test_nothing_changed_touches_nobody(night: None) -> None:
    assert found() == {}


def test_changed_touchpoint(night: None) -> None:
    change("update intermediate.int_touchpoints set _changed_seq = 2 where source_record_key = %s", key(1))
    assert found() == {1: "touchpoint"} or found() == {1: "moved"}


def test_event_that_moved_to_somebody_else_touches_both(night: None) -> None:
    change(
        "update intermediate.int_touchpoints set _changed_seq = 2, source_record_key = %s where source_record_key = %s",
        key(2),
        key(1),
    )
    assert found() == {1: "moved", 2: "touchpoint"}


def test_new_order_ticket_and_record(night: None) -> None:
    change("insert into intermediate.int_orders values ('o', %s, 2)", key(1))
    change("insert into intermediate.int_tickets values ('t', %s, 3)", key(2))
    change("update intermediate.int_person_records set _changed_seq = 4 where source_record_key = %s", key(3))
    assert found() == {1: "order", 2: "ticket", 3: "record"}


def test_merge_touches_both_ids_and_a_golden_record_its_customer(night: None) -> None:
    change("insert into identity.runs (export_date, kind, status) values (%s, 'increment', 'accepted')", NEXT)
    change("update identity.record_links set valid_to_run_id = 2 where source_record_key = %s", key(2))
    change(
        "insert into identity.record_links (source_record_key, golden_customer_id, valid_from_run_id,"
        " decided_by) values (%s, %s, 2, 'certain')",
        key(2),
        customer(1),
    )
    change(
        "insert into identity.golden_records (golden_customer_id, is_identified, record_count, platform_count,"
        " run_id) values (%s, true, 1, 1, 2)",
        customer(4),
    )
    assert found() == {1: "identity", 2: "identity", 4: "identity"}


def test_clocks_that_ran_out_since_the_last_publish(night: None) -> None:
    change("update marts.fct_journeys set next_clock_date = %s where golden_customer_id = %s", DAY, customer(1))
    change("update marts.fct_journeys set next_clock_date = %s where golden_customer_id = %s", NEXT, customer(2))
    change(
        "update marts.fct_journeys set next_clock_date = %s where golden_customer_id = %s",
        NEXT + dt.timedelta(days=1),
        customer(3),
    )
    assert found() == {2: "clock"}
    assert found(NEXT + dt.timedelta(days=5)) == {2: "clock", 3: "clock"}


def test_changed_rules_and_rolled_back_publish_touch_everyone(night: None) -> None:
    change("update ops.publish_log set rules_hash = 'other'")
    assert set(found().values()) == {"everyone"}
    change("update ops.publish_log set status = 'rolled_back'")
    assert len(found()) == 5


def test_retired_customers_that_are_still_published_are_touched_by_everyone(night: None) -> None:
    change(
        "update identity.golden_customers set status = 'merged', merged_into_id = %s where golden_customer_id = %s",
        customer(1),
        customer(2),
    )
    change("delete from marts.fct_journeys where golden_customer_id = %s", customer(2))
    assert warehouse.find_affected(NEXT, everyone=True) == 5
    change("delete from marts.fct_touchpoints where golden_customer_id = %s", customer(2))
    assert warehouse.find_affected(NEXT, everyone=True) == 4


def test_the_clock_never_runs_backwards(night: None) -> None:
    """A backfilled night finds its changes, with the clock of the newest publish: nothing that ended opens again."""
    change("update ops.publish_log set export_date = %s", NEXT)
    change("update marts.fct_journeys set next_clock_date = %s where golden_customer_id = %s", NEXT, customer(2))
    change("insert into intermediate.int_orders values ('late', %s, 2)", key(1))
    assert found(DAY) == {1: "order"}
    with warehouse.connect() as connection:
        assert connection.execute("select export_date from ops.next_publish").fetchone() == (NEXT,)
    change("update ops.publish_log set status = 'rolled_back'")  # taken back: no longer the newest
    found(DAY)
    with warehouse.connect() as connection:
        assert connection.execute("select export_date from ops.next_publish").fetchone() == (DAY,)
