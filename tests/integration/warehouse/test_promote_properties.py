"""Any sequence of batches under each restatement rule gives what a plain Python model of the rule gives."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse_loading import DAY, land, spec, stored

import warehouse


@dataclass
class Stored:
    row: dict[str, Any]
    date: dt.date
    deleted: bool = False


class Model:
    """The rules, row by row."""

    def __init__(self, restatement: str, versioned: bool) -> None:
        self.restatement, self.versioned = restatement, versioned
        self.rows: dict[int, Stored] = {}
        self.history = 0

    def winner(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        if self.restatement == "append":
            return rows[0]
        if not self.versioned:
            return rows[-1]
        best = rows[0]
        for row in rows[1:]:
            if row["version"] is None:
                if best["version"] is None:
                    best = row
            elif best["version"] is None or row["version"] >= best["version"]:
                best = row
        return best

    def newer(self, row: dict[str, Any], date: dt.date, old: Stored) -> bool:
        if self.versioned and None not in (row["version"], old.row["version"]) and row["version"] != old.row["version"]:
            return bool(row["version"] > old.row["version"])
        return date >= old.date

    def apply(self, rows: list[dict[str, Any]], date: dt.date, rejected: list[str | None]) -> dict[str, int]:
        counts = {"inserted": 0, "updated": 0, "unchanged": 0, "duplicate": 0, "tombstoned": 0}
        keys: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            keys.setdefault(row["id"], []).append(row)
        for key, versions in keys.items():
            counts["duplicate"] += len(versions) - 1
            row, old = self.winner(versions), self.rows.get(key)
            if old is None:
                self.rows[key] = Stored(row, date)
                counts["inserted"] += 1
            elif self.restatement != "append" and (old.row != row or old.deleted) and self.newer(row, date, old):
                self.rows[key] = Stored(row, date)
                self.history += 1
                counts["updated"] += 1
            else:
                counts["unchanged"] += 1
        if self.restatement == "replace_partition":
            parts = {row["part"] for row in rows} - {None} - set(rejected)
            parts = set() if None in rejected else parts  # a rejected row may be the new version of any stored one
            for key, old in self.rows.items():
                if old.row["part"] in parts and key not in keys and not old.deleted and old.date <= date:
                    self.rows[key] = Stored(old.row, date, deleted=True)
                    self.history += 1
                    counts["tombstoned"] += 1
        return counts

    def content(self) -> list[tuple[Any, ...]]:
        return [
            (key, s.row["part"], s.row["version"], s.row["value"], s.deleted) for key, s in sorted(self.rows.items())
        ]


ROW = st.fixed_dictionaries(
    {
        "id": st.integers(1, 5),
        "part": st.sampled_from(["p", "q", None]),
        "version": st.sampled_from([1, 2, None]),
        "value": st.sampled_from(["a", "b", None]),
    }
)
REJECTED = st.lists(st.sampled_from(["p", "q", "p", None]), max_size=2)
BATCHES = st.lists(st.tuples(st.lists(ROW, max_size=8), st.integers(0, 2), REJECTED), min_size=2, max_size=4)


@pytest.mark.parametrize(
    ("restatement", "versioned"),
    [("upsert", False), ("upsert", True), ("append", False), ("replace_partition", False), ("replace_partition", True)],
)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_any_sequence_equals_the_model(
    module_database: str,
    restatement: str,
    versioned: bool,
    batches: list[tuple[list[dict[str, Any]], int, list[str | None]]],
) -> None:
    table = spec(restatement, version_column="version" if versioned else None, history=True)
    with warehouse.connect() as connection:
        for schema in ("landing", "raw", "raw_history"):
            connection.execute(f"drop table if exists {schema}.shop__orders".encode())
    warehouse.ensure_tables(table)
    model, newest = Model(restatement, versioned), 0
    for rows, day, rejected in batches:
        date = DAY + dt.timedelta(days=day)
        result = warehouse.promote(land(table, rows, date, rejected), table, unaudited=True)
        expected = model.apply(rows, date, rejected)
        assert {name: getattr(result, f"rows_{name}") for name in expected} == expected
        accounted = result.rows_inserted + result.rows_updated + result.rows_unchanged + result.rows_duplicate
        assert result.rows_read == len(rows) + len(rejected) == accounted + result.rows_rejected
        assert stored() == model.content()
        assert len(stored(schema="raw_history")) == model.history
        if result.rows_changed:
            assert result.changed_seq is not None
            assert result.changed_seq > newest
            newest = result.changed_seq
        else:
            assert result.changed_seq is None
