"""docs/add-a-model.md is followed to the letter, on a published brand and without any Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from simulated_nights import Brand, build_night, promote_night

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))

from recipe import REPOSITORY, Kitchen

import warehouse

PAGE = REPOSITORY / "docs" / "add-a-model.md"


@pytest.fixture(scope="module")
def kitchen(brand: Brand, tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    """The guide, followed in a copy of the project, on one published night."""
    night = brand.dates[0]
    promote_night(brand, night)
    build_night(night)
    kitchen = Kitchen.open(tmp_path_factory.mktemp("recipe") / "project", NIGHT=night.isoformat())
    kitchen.follow(PAGE)
    return kitchen


def test_the_model_was_tried_on_everybody_and_left_nothing_behind(kitchen: Kitchen) -> None:
    tried, again = kitchen.printed[0], kitchen.printed[1]
    assert "order_hour" in tried
    assert "built in sandbox_anna" in tried
    assert "built in sandbox_anna" in again
    with warehouse.connect() as connection:
        left = connection.execute("select to_regnamespace('sandbox_anna') is null").fetchone()
        rows = connection.execute(
            "select count(distinct (sales_channel, date_trunc('hour', ordered_at at time zone 'UTC')::time))"
            " from marts.fct_orders where is_counted"
        ).fetchone()
        published = connection.execute("select count(*) from marts.order_hour").fetchone()
    assert left == (True,)
    assert rows == published
    assert f"{rows[0]:,} rows" in tried


def test_the_mart_agrees_with_its_orders_and_is_described(kitchen: Kitchen) -> None:
    with warehouse.connect() as connection:
        sums = connection.execute("select sum(orders), sum(revenue) from marts.order_hour").fetchone()
        orders = connection.execute(
            "select count(*), sum(total_reporting_amount) from marts.fct_orders where is_counted"
        ).fetchone()
        comment = connection.execute("select obj_description('marts.order_hour'::regclass)").fetchone()
        answer = connection.execute(kitchen.queries[-1].encode()).fetchall()
    assert sums == orders
    assert orders[0] > 0
    assert comment[0].startswith("One row per sales channel and hour")
    assert len(answer) == 3
