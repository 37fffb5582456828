"""When two customers turn out to be one, and when they turn out not to be: history is rewritten, totals never move.

A steward joins two buyers of a simulated brand, later takes the decision back, and finally the publish is rolled back.
Everything runs through the real night, gates included.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

DATE = dt.date(2026, 3, 1)
# What a customer's rows say, the customer's id apart.
CONTENT = {
    "fct_touchpoints": "touchpoint_id, stage_key, episode_no, touchpoint_no, golden_customer_id_first",
    "fct_orders": "order_id, customer_order_no, episode_no, net_amount",
    "fct_stage_entries": "episode_no, seq_no, stage_key, entered_at, left_at, move, entered_by_touchpoint_id",
    "fct_journeys": "episode_no, started_at, outcome, furthest_stage_key, touchpoint_count, next_clock_date",
    "fct_refunds": "refund_id, order_id, refund_amount",
    "bridge_customer_identities": "source_record_key",
}
TOTALS = (
    "select (select count(*) from marts.fct_touchpoints), (select count(*) from marts.fct_orders),"
    " (select sum(net_amount) from marts.fct_orders), (select coalesce(sum(refund_amount), 0) from marts.fct_refunds)"
)


@dataclass(frozen=True)
class Buyers:
    """Two customers with one counted order each; the older id is the one that must survive."""

    first_id: Any
    second_id: Any
    records: tuple[str, str]
    before: dict[str, Counter]
    totals: tuple


def _rows(query: str, *values: object) -> list[tuple]:
    import warehouse

    with warehouse.connect() as connection:
        return connection.execute(query, values).fetchall()


def _content() -> dict[str, Counter]:
    return {table: Counter(_rows(f"select {columns} from marts.{table}")) for table, columns in CONTENT.items()}


def _night() -> None:
    from stack.direct import build_night

    build_night(DATE, say=lambda _: None)


def _publishes() -> int:
    return int(_rows("select count(*) from ops.publish_log")[0][0])


@pytest.fixture(scope="module")
def buyers(full_database: str, tmp_path_factory: pytest.TempPathFactory) -> Buyers:
    import connectors
    from simulator import SimulationSettings, simulate
    from simulator.settings import CORE

    exports = tmp_path_factory.mktemp("brand") / "exports"
    brand = {"customers": 150, "nights": 1, "seed": 5, "history_days": 60, "first_date": DATE}
    simulate(SimulationSettings(output=exports, platforms=CORE, **brand))
    for platform in CORE:
        connectors.pull(platform, DATE, str(exports))
    _night()
    pair = _rows(
        "select golden_customer_id, min(source_record_key::text) from marts.fct_orders"
        " where customer_order_no is not null group by 1 having count(*) = 1 order by 1 limit 2"
    )
    (first, first_record), (second, second_record) = pair
    return Buyers(first, second, (first_record, second_record), _content(), _rows(TOTALS)[0])


def _order_numbers(golden_customer_id: object) -> list[int]:
    found = _rows(
        "select customer_order_no from marts.fct_orders where golden_customer_id = %s and is_counted"
        " order by ordered_at, order_id",
        golden_customer_id,
    )
    return [row[0] for row in found]


def test_a_merge_rewrites_history_and_moves_no_total(buyers: Buyers) -> None:
    from resolution.decisions import make_decision, store_decisions

    store_decisions([make_decision(*buyers.records, "same", "a steward", "one person, says the shop")])
    _night()
    survivor, retired = buyers.first_id, buyers.second_id
    for table in CONTENT:
        assert _rows(f"select count(*) from marts.{table} where golden_customer_id = %s", retired) == [(0,)], table
    assert _rows("select count(*) from marts.dim_customers where golden_customer_id = %s", retired) == [(0,)]
    assert _order_numbers(survivor) == [1, 2]
    assert _rows(TOTALS)[0] == buyers.totals
    resolved = _rows(
        "select golden_customer_id from identity.golden_customer_id_xref where any_golden_customer_id = %s", retired
    )
    assert resolved == [(survivor,)]
    # One journey now: its steps are numbered through, without gaps.
    steps = _rows("select touchpoint_no from marts.fct_touchpoints where golden_customer_id = %s order by 1", survivor)
    assert [row[0] for row in steps] == list(range(1, len(steps) + 1))


def test_the_merged_night_equals_a_full_rebuild(buyers: Buyers) -> None:
    import journeys
    import warehouse

    incremental = _content()
    assert warehouse.find_affected(DATE, everyone=True) > 2
    warehouse.run_dbt("marts", DATE)
    journeys.compute(DATE)
    warehouse.run_dbt("answers", DATE)
    warehouse.publish(DATE)
    assert _content() == incremental


def test_a_night_without_change_publishes_nothing(buyers: Buyers) -> None:
    before = _publishes()
    _night()
    assert _publishes() == before


def test_taking_the_decision_back_restores_the_marts(buyers: Buyers) -> None:
    from resolution.decisions import revoke

    merged = _content()
    assert revoke(*buyers.records)
    _night()
    assert _content() == buyers.before
    assert _rows(TOTALS)[0] == buyers.totals
    assert merged != buyers.before
    kinds = {row[0] for row in _rows("select change_kind from identity.golden_id_changes")}
    assert {"create", "merge"} < kinds
    assert kinds & {"split", "revive"}


def test_rolling_back_shows_the_merged_history_again(buyers: Buyers) -> None:
    import warehouse

    restored = _content()
    warehouse.rollback()
    assert _order_numbers(buyers.first_id) == [1, 2]
    # The customers of a publish that was taken back are affected again.
    _night()
    assert _content() == restored
