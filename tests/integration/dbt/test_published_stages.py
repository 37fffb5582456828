"""Funnels, retention and survival against published numbers: the SQL that the models run, on the samples."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_macros import render


@pytest.fixture(scope="module")
def connection(module_database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(module_database, autocommit=True) as opened:
        opened.execute("set time zone 'UTC'")
        opened.execute("create temp table steps (scope text, step_no integer, step_window interval)")
        opened.execute(
            "create temp table options (scope text, funnel_window interval, optimised_reentry boolean,"
            " is_strict boolean, has_choice boolean)"
        )
        opened.execute(
            "create temp table events (customer text, scope text, held text, step_no integer,"
            " occurred_at timestamptz, source_priority integer, event_id integer, event_no integer,"
            " is_excluded boolean)"
        )
        yield opened


def _reached(connection: psycopg.Connection[Any]) -> list[tuple[int, int]]:
    """(step, customers)."""
    query = render("funnel", "funnel", "events", "options", "steps", ["customer"])
    return connection.execute(f"select step_no, count(*) from {query} as f group by 1 order by 1").fetchall()


def _fill(connection: psycopg.Connection[Any], steps: int, window: str | None, events: list[tuple[Any, ...]]) -> None:
    connection.execute("truncate events, steps, options")
    connection.execute("insert into steps select 's', n, null from generate_series(1, %s) as n", (steps,))
    connection.execute("insert into options values ('s', %s::interval, false, false, false)", (window,))
    with connection.cursor() as cursor:
        cursor.executemany("insert into events values (%s, 's', '', %s, %s, 0, %s, %s, false)", events)


def test_the_funnel_of_dbt_product_analytics(connection: psycopg.Connection[Any], samples_journeys: Path) -> None:
    folder = samples_journeys / "dbt_product_analytics"
    order = {"placed": 1, "completed": 2, "returned": 3}
    with (folder / "raw_orders_simple.csv").open(newline="") as handle:
        rows = [
            (row["customer_id"], order[row["status"]], row["order_date"], int(row["id"]), int(row["id"]))
            for row in csv.DictReader(handle)
            if row["status"] in order
        ]
    with (folder / "expected_funnel.csv").open(newline="") as handle:
        expected = [(order[row["event_type"]], int(row["unique_users"])) for row in csv.DictReader(handle)]
    _fill(connection, 3, None, rows)
    assert _reached(connection) == expected == [(1, 6), (2, 5), (3, 2)]


def test_the_corrected_retention_of_dbt_product_analytics(
    connection: psycopg.Connection[Any], samples_journeys: Path
) -> None:
    folder = samples_journeys / "dbt_product_analytics"
    with (folder / "raw_orders.csv").open(newline="") as handle:
        rows = [
            (row["user_id"], row["order_date"])
            for row in csv.DictReader(handle)
            if row["status"] == "completed" and "2018-01-01" <= row["order_date"] < "2018-02-01"
        ]
    connection.execute("create temp table actions (customer text, occurred_at timestamptz)")
    with connection.cursor() as cursor:
        cursor.executemany("insert into actions values (%s, %s)", rows)
    events = (
        "select customer, 'r' as retention, occurred_at, true as is_first, true as is_second, 1 as period_days,"
        " 60 as periods, null::text as calendar_unit from actions"
    )
    cells = render("retention", "retention_periods", events, "customer", "UTC")
    connection.execute(f"create temp table cells as select *, '(all)' as cohort from ({cells}) as c")
    horizons = (
        "select 'r' as retention, 1 as period_days, null::text as calendar_unit, p as period_no"
        " from unnest(array[0, 1, 7, 14]) as p"
    )
    rates = render("retention", "retention_rates", "cells", horizons, "'2018-01-31'::date")
    found = connection.execute(
        "select period_no, retained_customers, cohort_customers, observed_retained_customers, observed_customers"
        f" from ({rates}) as r order by 1"
    ).fetchall()
    with (folder / "expected_retention_corrected.csv").open(newline="") as handle:
        expected = [
            tuple(int(row[name]) for name in ("period_days", "retained", "cohort", "retained", "observed_cohort"))
            for row in csv.DictReader(handle)
        ]
    assert found == expected == [(0, 19, 19, 19, 19), (1, 3, 19, 3, 18), (7, 2, 19, 2, 15), (14, 2, 19, 2, 11)]


@pytest.mark.parametrize(
    ("unit", "expected"),
    # a came on 31 January and again on 1 February; b on Sunday 1 February, on Monday and in March; end: 28 February
    [("month", [(0, 2, 2, 2), (1, 1, 2, 1), (2, 0, 0, 0)]), ("week", [(0, 2, 2, 2), (1, 2, 1, 2), (2, 2, 0, 2)])],
)
def test_periods_of_the_calendar(
    connection: psycopg.Connection[Any], unit: str, expected: list[tuple[int, ...]]
) -> None:
    """(period, members whose period began, members who came back in it, members whose period is over)."""
    events = (
        "select *, 'r' as retention, true as is_first, true as is_second, 30 as period_days, 9 as periods,"
        f" '{unit}'::text as calendar_unit from (values ('a', timestamptz '2026-01-31 22:00+00'),"
        " ('a', '2026-02-01 08:00+00'), ('b', '2026-02-01 09:00+00'), ('b', '2026-02-02 09:00+00'),"
        " ('b', '2026-03-02 09:00+00')) as e (customer, occurred_at)"
    )
    cells = render("retention", "retention_periods", events, "customer", "UTC")
    horizons = (
        f"select 'r' as retention, 30 as period_days, '{unit}'::text as calendar_unit, p as period_no"
        " from generate_series(0, 2) as p"
    )
    rates = render("retention", "retention_rates", "cells", horizons, "'2026-02-28'::date")
    found = connection.execute(
        f"with cells as (select *, '(all)' as cohort from ({cells}) as c)"
        " select period_no, observed_customers, on_retained_customers, on_observed_customers"
        f" from ({rates}) as r order by 1"
    ).fetchall()
    assert found == expected


T0 = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
EVENTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 4), st.integers(0, 12)), min_size=1, max_size=14, unique=True
)


def _by_hand(events: list[tuple[str, int, int]], steps: int, window: int) -> dict[int, int]:
    """The frozen definition, read word by word: an event is (customer, step, hour); its place in the list is its id."""
    reached: dict[int, int] = dict.fromkeys(range(1, steps + 1), 0)
    for customer in "ab":
        mine = sorted((hour, number, step) for number, (who, step, hour) in enumerate(events) if who == customer)
        at: int | None = None
        entered = 0
        for wanted in range(1, steps + 1):
            later = [hour for hour, _, step in mine if step == wanted and (at is None or hour >= at)]
            if at is not None:
                later = [hour for hour in later if hour <= entered + window]
            if not later:
                break
            at = later[0]
            entered = at if wanted == 1 else entered
            reached[wanted] += 1
    return {step: n for step, n in reached.items() if n}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, window=st.integers(1, 8))
def test_any_funnel_is_its_definition_and_never_grows(
    connection: psycopg.Connection[Any], events: list[tuple[str, int, int]], window: int
) -> None:
    rows = [(who, step, T0 + dt.timedelta(hours=hour), n, n) for n, (who, step, hour) in enumerate(events)]
    _fill(connection, 4, f"{window} hours", rows)
    found = dict(_reached(connection))
    assert found == _by_hand(events, 4, window)
    assert all(found.get(step, 0) >= found.get(step + 1, 0) for step in range(1, 4))
    connection.execute("update options set optimised_reentry = true, has_choice = true")
    again = dict(_reached(connection))
    assert all(again.get(step, 0) >= n for step, n in found.items())  # more attempts never lose anybody


def _kaplan_meier(times: list[tuple[int, bool]]) -> dict[int, Fraction]:
    """Exact: S(t) = product of (1 - d / n) over the event times up to t."""
    survival, curve = Fraction(1), {}
    for at in sorted({t for t, _ in times}):
        at_risk = sum(t >= at for t, _ in times)
        events = sum(t == at and reached for t, reached in times)
        survival *= 1 - Fraction(events, at_risk)
        curve[at] = survival
    return curve


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=30))
def test_the_survival_curve_is_kaplan_meier(connection: psycopg.Connection[Any], times: list[tuple[int, bool]]) -> None:
    counted = [(t, r, len(list(rows))) for (t, r), rows in itertools.groupby(sorted(times))]
    values = ", ".join(f"('k', '{'reached' if r else 'open'}', {t}, {n})" for t, r, n in counted)
    cells = f"select * from (values {values}) as v (k, state, hours_bin, episodes)"
    query = render("survival", "survival_curve", cells, ["k"])
    found = dict(connection.execute(f"select hours_bin, survival from ({query}) as c").fetchall())
    expected = _kaplan_meier(times)
    assert found.keys() == expected.keys()
    assert all(abs(found[t] - float(s)) < 1e-12 for t, s in expected.items())
