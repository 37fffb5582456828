"""Cursors and rows are committed together: whatever night goes well, is rejected or dies, they never part."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import warehouse
from warehouse import ColumnSpec, Cursor, TableSpec
from warehouse.sessions import shared_session

promoting = importlib.import_module("warehouse.promote")  # the facade's function hides the module

SPEC = TableSpec(
    "made_up", "thing", (ColumnSpec("id", "bigint", required=True), ColumnSpec("reach", "bigint")), ("id",)
)
FIRST = dt.date(2026, 1, 1)
# What becomes of a night: all goes well; the gate rejects it; the process dies before or after the cursors are written,
# always before the commit; it is landed and never promoted.
ENDINGS = ("promoted", "rejected", "dies before", "dies after", "forgotten")


class Death(BaseException):
    """The process is killed."""


def land(night: dt.date, reach: int) -> int:
    warehouse.ensure_tables(SPEC)
    batch = warehouse.open_batch("made_up", "thing", night)
    rows = pa.record_batch({"id": [1, 1000 + reach], "reach": [reach, reach], "_row_hash": [f"{reach:032x}"] * 2})
    landed = warehouse.load_batch(batch, SPEC, [rows])
    state = {"time": f"2026-01-01T00:00:{reach:02d}+00:00"}
    warehouse.propose_cursors(batch, [Cursor("made_up", "thing", "conn", "things", "", night, state)])
    warehouse.mark_landed(batch, landed)
    return batch


def dying(real: Callable[[Any, int], int], ending: str) -> Callable[[Any, int], int]:
    """commit_cursors in a process that is killed before or after it."""

    def commit(connection: Any, batch_id: int) -> int:
        if ending == "dies after":
            real(connection, batch_id)
        raise Death

    return commit


def reached() -> int | None:
    with warehouse.connect() as connection:
        row = connection.execute("select max(reach) from raw.made_up__thing where id = 1").fetchone()
    return None if row is None else row[0]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=st.lists(st.tuples(st.sampled_from(ENDINGS), st.integers(0, 3)), min_size=1, max_size=5))
def test_rows_and_cursors_never_part(
    module_database: str, monkeypatch: pytest.MonkeyPatch, nights: list[tuple[str, int]]
) -> None:
    warehouse.ensure_tables(SPEC)
    with warehouse.connect() as connection:
        connection.execute("truncate raw.made_up__thing, landing.made_up__thing, ops.cursors")
    with shared_session():
        _live_through(nights, monkeypatch)


def _live_through(nights: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    night = FIRST
    for number, (ending, days) in enumerate(nights, 1):
        night += dt.timedelta(days)
        batch = land(night, number)
        if ending == "promoted":
            warehouse.promote(batch, SPEC, unaudited=True)
        elif ending == "rejected":
            warehouse.reject_batch(batch, "not good")
        elif ending.startswith("dies"):
            with monkeypatch.context() as patch, pytest.raises(Death):
                patch.setattr(promoting, "commit_cursors", dying(promoting.commit_cursors, ending))
                warehouse.promote(batch, SPEC, unaudited=True)
        known = warehouse.read_cursors("made_up")
        seen = int(known[0].state["time"][17:19]) if known else None
        assert seen == reached()


def test_a_night_starts_from_an_earlier_night_and_reset_forgets(database: str) -> None:
    for number, night in enumerate(
        [FIRST, FIRST + dt.timedelta(1), FIRST + dt.timedelta(1), FIRST + dt.timedelta(4)], 1
    ):
        warehouse.promote(land(night, number), SPEC, unaudited=True)

    def before(night: dt.date) -> str | None:
        found = warehouse.cursors_before("made_up", "conn", "things", "", night)
        return found["thing"].state["time"][17:19] if found else None

    days = [FIRST + dt.timedelta(n) for n in range(6)]
    assert [before(day) for day in days] == [None, "01", "03", "03", "03", "04"]  # the second try of a night counts
    assert warehouse.reset_cursors("made_up", "other") == 0
    assert warehouse.reset_cursors("made_up", "thing", since=days[1]) == 2
    assert before(days[5]) == "01"
    assert warehouse.reset_cursors("made_up") == 1
    assert warehouse.read_cursors() == []
