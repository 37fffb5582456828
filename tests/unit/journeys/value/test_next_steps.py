"""Next steps: shares of all outcomes sum to one, small cells are hidden, Kaplan-Meier medians by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from journeys.value.nextstep import NOTHING, median_days, next_steps


def _counts() -> pl.DataFrame:
    rows = [
        # stage, persona, channel, next, n, ordered
        ("view", "a", "web", "choose", 60, 30), ("view", "a", "web", "talk", 30, 6),
        ("view", "a", "web", NOTHING, 110, 0),
        ("view", "b", "web", "choose", 5, 5), ("view", "b", "web", NOTHING, 15, 0),
        ("view", "c", "web", "choose", 10, 2), ("view", "c", "web", NOTHING, 90, 1),
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["stage", "persona", "channel", "next", "n", "ordered"], orient="row")


def test_shares_lean_on_everybody_and_sum_to_one() -> None:
    rows = next_steps(_counts()).sort("persona", "next")
    for _, cell in rows.group_by("persona"):
        assert len(cell) == 3  # every outcome of the stage, also those that the cell never took
        if not cell["is_suppressed"][0]:
            assert cell["shrunken_share"].sum() == pytest.approx(1)
            assert cell["share"].sum() == pytest.approx(1)
    choose = rows.filter((pl.col("persona") == "a") & (pl.col("next") == "choose")).row(0, named=True)
    base = 75 / 320
    assert choose["shrunken_share"] == pytest.approx((60 + 20 * base) / 220)
    assert choose["lift"] == pytest.approx(choose["shrunken_share"] / base)
    assert choose["low"] < 0.3 < choose["high"]


def test_the_best_step_raises_orders_most_and_needs_evidence() -> None:
    rows = next_steps(_counts())
    best = rows.filter(pl.col("is_best_next_step")).to_dicts()
    assert [(row["persona"], row["next"]) for row in best] == [("a", "choose")]  # c took its step ten times only
    assert best[0]["order_gain"] == pytest.approx(0.5 - 36 / 200)


def test_cells_below_thirty_entries_say_only_how_many() -> None:
    small = next_steps(_counts()).filter(pl.col("persona") == "b")
    assert small["is_suppressed"].all()
    assert small["n_from"].to_list() == [20] * 3
    for name in ("share", "low", "high", "shrunken_share", "lift", "order_share", "order_gain", "is_best_next_step"):
        assert small[name].null_count() == 3, name


def test_order_of_rows_does_not_matter() -> None:
    shuffled = next_steps(_counts().sample(fraction=1, shuffle=True, seed=5))
    assert shuffled.equals(next_steps(_counts()))


def test_kaplan_meier_median_by_hand() -> None:
    # ten at risk: 2 move on day 1, 1 leaves; 7 at risk: 2 move on day 3; 5 at risk: 1 moves on day 5
    day, moved, left = np.array([5.0, 1.0, 3.0]), np.array([1.0, 2.0, 2.0]), np.array([4.0, 1.0, 0.0])
    # S: 0.8, 0.571, 0.457
    assert median_days(day, moved, left) == 5
    assert median_days(day, moved, left + np.array([9.0, 0.0, 0.0])) is None  # not reached is not the maximum
