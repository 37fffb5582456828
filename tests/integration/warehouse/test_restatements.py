"""Monthly figures that a publish moves: what is logged, why, and that a merge moves customers and nothing else."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from warehouse_marts import DIM, WHOLE, build, customer, manifest

import warehouse
from warehouse.publish import publish

DAY = dt.date(2026, 3, 10)
STAGES = {"a": "1"}
DATED = (
    "create table marts_next.fct_touchpoints (touchpoint_id integer primary key, golden_customer_id uuid not null,"
    " stage_key text, amount numeric(18, 2), occurred_date date not null default '2026-01-15')"
)
SEEN = DIM.replace("note text", "note text, first_seen_date date not null default '2026-01-15'")
META = {
    "fct_touchpoints": {"period": "occurred_date", "figures": {"touchpoints": "1", "revenue": "amount"}},
    "dim_customers": {"period": "first_seen_date", "figures": {"customers": "1"}},
}
Event = tuple[int, str | None, str]


@pytest.fixture
def path(database: str, tmp_path: Path) -> Path:
    changes: dict[str, dict[str, Any]] = {
        name: {"config": {"meta": {"publish": "customer", "restated": restated}}} for name, restated in META.items()
    }
    return manifest(tmp_path, changes)


def _night(path: Path, number: int, events: dict[int, Event], affected: dict[int, str] | None = None) -> int:
    """A night `number` days after the first; affected: customer → reason. Event n is of January plus n % 3 months."""
    date = DAY + dt.timedelta(days=number)
    chosen = None if affected is None else list(affected)
    build(events, STAGES, chosen, date=date, ddl=(DATED, SEEN, WHOLE))
    with warehouse.connect() as connection:
        connection.execute(
            "update marts_next.fct_touchpoints set occurred_date = ('2026-01-15'::date + make_interval(months =>"
            " touchpoint_id % 3))::date"
        )
        for one, reason in (affected or {}).items():
            connection.execute(
                "update marts_next.affected_customers set reason = %s where golden_customer_id = %s",
                (reason, customer(one)),
            )
    result = publish(date, manifest=path)
    return result.publish_id or 0


def _changes(publish_id: int) -> dict[tuple[str, str], tuple[Decimal, str]]:
    """(metric, month) → change, reason."""
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select metric, to_char(period, 'YYYY-MM'), change, reason from ops.monthly_changes where publish_id = %s",
            (publish_id,),
        ).fetchall()
    return {(metric, period): (change, reason) for metric, period, change, reason in rows}


def _totals() -> list[tuple[Any, ...]]:
    """Months whose sum over live publishes is not what the published rows add up to."""
    with warehouse.connect() as connection:
        return connection.execute(
            "with now as (select 'touchpoints' as metric, date_trunc('month', occurred_date)::date as period, count(*)"
            " as value from marts.fct_touchpoints group by 2 union all select 'revenue', date_trunc('month',"
            " occurred_date)::date, sum(amount) from marts.fct_touchpoints group by 2 union all select 'customers',"
            " date_trunc('month', first_seen_date)::date, count(*) from marts.dim_customers group by 2), noted as"
            " (select metric, period, sum(change) as value from ops.monthly_changes join ops.publish_log using"
            " (publish_id) where status = 'live' group by 1, 2) select metric, period, now.value, noted.value from now"
            " full join noted using (metric, period) where coalesce(now.value, 0) <> coalesce(noted.value, 0)"
        ).fetchall()


def test_late_rows_are_restated_and_a_rollback_takes_that_back(path: Path) -> None:
    events: dict[int, Event] = {0: (1, "a", "10.00"), 3: (2, "a", "5.00"), 1: (2, None, "1.00")}
    first = _night(path, 0, events)
    assert {reason for _, reason in _changes(first).values()} == {"baseline"}
    events = {**events, 3: (2, "a", "7.50"), 6: (2, "a", "1.00")}
    second = _night(path, 1, events, {2: "order"})
    assert _changes(second) == {
        ("touchpoints", "2026-01"): (1, "late_data"),
        ("revenue", "2026-01"): (Decimal("3.50"), "late_data"),
    }
    assert _totals() == []
    warehouse.rollback()
    assert _totals() == []


def test_a_merge_moves_customers_and_no_total(path: Path) -> None:
    events: dict[int, Event] = {n: (n % 4 + 1, "a", f"{n}.00") for n in range(12)}
    _night(path, 0, events)
    merged = {n: (1 if number == 2 else number, stage, amount) for n, (number, stage, amount) in events.items()}
    merge = _night(path, 1, merged, {1: "identity", 2: "moved"})
    assert _changes(merge) == {("customers", "2026-01"): (-1, "identity")}
    split = _night(path, 2, events, {1: "identity", 2: "identity"})
    assert _changes(split) == {("customers", "2026-01"): (1, "identity")}
    assert _totals() == []


def test_totals_are_what_is_published_after_any_nights(path: Path) -> None:
    """Random events come, change, go and move; some nights touch everybody, some are rolled back."""
    chance = random.Random(7)
    events: dict[int, Event] = {n: (chance.randint(1, 5), "a", f"{n}.50") for n in range(20)}
    _night(path, 0, events)
    for number in range(1, 9):
        before, touched = dict(events), set()
        for event in chance.sample(range(30), 5):
            touched |= {old[0] for old in [events.pop(event, None)] if old}
            if chance.random() < 0.8:
                events[event] = (chance.randint(1, 5), "a", f"{chance.randint(0, 99)}.25")
                touched.add(events[event][0])
        everybody = chance.random() < 0.25
        _night(path, number, events, None if everybody else dict.fromkeys(touched, "touchpoint"))
        assert _totals() == []
        if chance.random() < 0.3:
            warehouse.rollback()
            events = before
            assert _totals() == []


def test_a_mart_whose_columns_changed_is_counted_anew(path: Path) -> None:
    events: dict[int, Event] = {0: (1, "a", "10.00")}
    _night(path, 0, events)
    with warehouse.connect() as connection:
        connection.execute("alter table marts.fct_touchpoints drop column amount")
    again = _night(path, 1, {**events, 3: (1, "a", "2.00")})
    assert {reason for (metric, _), (_, reason) in _changes(again).items() if metric == "touchpoints"} == {"baseline"}
    assert _totals() == []
