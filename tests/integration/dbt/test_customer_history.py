"""dim_customer_history: any sequence of nights, merges, splits and repeated nights, against the definition by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_macros import render

IDS = "abc"
Night = tuple[dict[str, tuple[str | None, str]], dict[str, str | None]]


@pytest.fixture(scope="module")
def connection(module_database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(module_database, autocommit=True) as opened:
        opened.execute(
            "create temp table earlier (recorded_golden_customer_id text, golden_customer_id text, valid_from integer,"
            " valid_to integer, persona text, consent text)"
        )
        opened.execute("create temp table now (golden_customer_id text, persona text, consent text)")
        opened.execute("create temp table present (golden_customer_id text, present_id text)")
        yield opened


def _night(connection: psycopg.Connection[Any], night: int, state: Night) -> list[tuple[Any, ...]]:
    customers, merged = state
    connection.execute("truncate now, present")
    with connection.cursor() as cursor:
        cursor.executemany("insert into now values (%s, %s, %s)", [(c, *t) for c, t in customers.items()])
        held = [(c, c) for c in customers] + list(merged.items())
        cursor.executemany("insert into present values (%s, %s)", held)
    query = render("history", "type_two", "earlier", "now", "present", ["persona", "consent"], str(night))
    connection.execute(f"create temp table later as {query}")
    connection.execute("truncate earlier")
    connection.execute("insert into earlier select * from later")
    connection.execute("drop table later")
    return connection.execute("select * from earlier order by 1, 3").fetchall()


def _by_hand(nights: list[Night]) -> list[tuple[Any, ...]]:
    """Each id's traits night by night, equal ones in a row joined; ids that nobody holds in the end are left out."""
    customers, merged = nights[-1]
    rows = []
    for golden_id in IDS:
        holder = golden_id if golden_id in customers else merged.get(golden_id)
        seen = [state[0].get(golden_id) for state in nights]
        for n, traits in enumerate(seen):
            if traits is None or holder is None or (n and seen[n - 1] == traits):
                continue
            end = next((m for m in range(n + 1, len(seen)) if seen[m] != traits), None)
            rows.append((golden_id, holder, n, end, *traits))
    return sorted(rows, key=lambda row: (row[0], row[2]))


@st.composite
def _states(draw: st.DrawFn) -> list[Night]:
    """Nights in which ids live with some traits, or are merged into one that lives."""
    nights = []
    for _ in range(draw(st.integers(1, 5))):
        living = draw(st.sets(st.sampled_from(IDS), min_size=1))
        traits = st.tuples(st.sampled_from([None, "gift"]), st.sampled_from(["yes", "no"]))
        customers = {golden_id: draw(traits) for golden_id in sorted(living)}
        nights.append((customers, {golden_id: min(living) for golden_id in IDS if golden_id not in living}))
    return nights


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=_states(), repeated=st.booleans())
def test_history_is_what_each_night_said(
    connection: psycopg.Connection[Any], nights: list[Night], repeated: bool
) -> None:
    connection.execute("truncate earlier")
    found: list[tuple[Any, ...]] = []
    for n, state in enumerate(nights):
        if repeated:  # an attempt that said something else, and was made again
            _night(connection, n, ({"a": ("other", "no")}, {"b": "a", "c": "a"}))
        found = _night(connection, n, state)
        assert _night(connection, n, state) == found
    assert found == _by_hand(nights)
    ranges = [(row[0], row[2], row[3]) for row in found]
    assert all(to is None or start < to for _, start, to in ranges)


def test_an_id_that_nobody_holds_leaves_no_history(connection: psycopg.Connection[Any]) -> None:
    connection.execute("truncate earlier")
    _night(connection, 1, ({"a": ("gift", "yes"), "b": (None, "no")}, {}))
    assert _night(connection, 2, ({"a": ("gift", "yes")}, {"b": None})) == [("a", "a", 1, None, "gift", "yes")]
