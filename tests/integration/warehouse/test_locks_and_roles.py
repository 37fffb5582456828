"""Locks that name their holder, the run log, and who may read what."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

import warehouse
from warehouse.errors import NightRunningError


def test_a_second_night_is_refused_and_told_since_when(database: str) -> None:
    with warehouse.night_lock("night"):
        with (
            pytest.raises(NightRunningError, match=r"held since \d{4}-\d\d-\d\d .* UTC"),
            warehouse.night_lock("night"),
        ):
            pytest.fail("two nights at once")
        with warehouse.night_lock("another"):
            pass
    with warehouse.night_lock("night"):
        pass


def test_a_lock_is_let_go_when_its_block_fails(database: str) -> None:
    with pytest.raises(ValueError, match="stop"), warehouse.night_lock("night"):
        raise ValueError("stop")
    with warehouse.night_lock("night"):
        pass


def test_run_log_holds_counts_of_good_and_failed_steps(database: str) -> None:
    date = dt.date(2026, 3, 1)
    with warehouse.run_log(date, "land", "shopify") as figures:
        figures["rows"] = 7
    with pytest.raises(KeyError), warehouse.run_log(date, "promote"):
        raise KeyError("anna@example.com")
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select step, subject, status, figures, finished_at >= started_at from ops.run_log order by 1"
        ).fetchall()
    assert rows == [
        ("land", "shopify", "done", {"rows": 7}, True),
        ("promote", None, "failed", {"error": "KeyError"}, True),
    ]


@pytest.mark.parametrize(
    ("role", "table", "allowed"),
    [
        ("journeyline_loader", "ops.rejected_rows", True),
        ("journeyline_transformer", "ops.rejected_rows", False),
        ("bi_reader", "ops.rejected_rows", False),
        ("pii_reader", "ops.batch_ledger", False),
        ("journeyline_transformer", "ops.batch_ledger", True),
        ("bi_reader", "identity.golden_records", False),
    ],
)
def test_who_may_read_what(module_database: str, role: str, table: str, allowed: bool) -> None:
    with psycopg.connect(module_database) as connection:
        row = connection.execute("select has_table_privilege(%s, %s, 'select')", (role, table)).fetchone()
        assert row == (allowed,)


def test_read_arrow_binds_values(database: str) -> None:
    table = warehouse.read_arrow("select g as n, $1::text as t from generate_series(1, 3) as g", ["a'b"])
    assert table.to_pydict() == {"n": [1, 2, 3], "t": ["a'b"] * 3}
