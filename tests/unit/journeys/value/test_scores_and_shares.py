"""RFM scores, intervals, shrinkage, calibration, regression: definitions, invariants, and what is known to be wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from journeys.value import lifetime, logistic, rfm, shares


@given(arrays(np.float64, st.integers(5, 60), elements=st.integers(0, 6).map(float)))
def test_equal_values_get_equal_scores_whatever_the_order(values: np.ndarray) -> None:
    """NTILE splits ties: among many equal customers some would get 1 and others 5."""
    cuts = rfm.cut_points(values)
    scores = rfm.score(values, cuts)
    for value in np.unique(values):
        assert len(np.unique(scores[values == value])) == 1
    assert (np.diff(scores[np.argsort(values)]) >= 0).all()
    np.testing.assert_array_equal(rfm.score(values, cuts, reverse=True), 6 - scores)
    assert rfm.cut_points(values[::-1]) == cuts


def test_the_large_group_of_one_order_gets_the_lowest_score_and_ntile_would_not() -> None:
    orders = np.array([1.0] * 90 + [2.0] * 8 + [7.0] * 2)
    scores = rfm.score(orders, rfm.cut_points(orders))
    assert set(scores[:90]) == {1}
    assert set(scores[90:]) == {5}  # 2 to 4 stay empty, and are not forced
    ntile = np.floor(np.arange(100) * 5 / 100).astype(int) + 1
    assert len(set(ntile[:90])) > 1


def test_the_compatibility_option_counts_cuts_plus_one() -> None:
    values = np.array([1.0, 2.0, 2.5, 3.0, 9.0])
    assert rfm.score(values, [1.0, 2.0, 3.0, 4.0], quantile_plus_one=True).tolist() == [1, 2, 2, 3, 5]
    assert rfm.score(values, [1.0, 2.0, 3.0, 4.0]).tolist() == [1, 2, 3, 3, 5]


def test_wilson_against_hand_numbers() -> None:
    low, high = shares.wilson(np.array([0, 5, 10, 0]), np.array([10, 10, 10, 0]))
    np.testing.assert_allclose(low[:3], [0, 0.2366, 0.7225], atol=5e-5)
    np.testing.assert_allclose(high[:3], [0.2775, 0.7634, 1], atol=5e-5)
    assert np.isnan([low[3], high[3]]).all()


@given(st.lists(st.integers(0, 200), min_size=2, max_size=6), st.lists(st.floats(0.01, 1), min_size=6, max_size=6))
def test_shrunken_shares_of_all_outcomes_sum_to_one(hits: list[int], prior: list[float]) -> None:
    overall = np.array(prior[: len(hits)]) / sum(prior[: len(hits)])
    n = sum(hits)
    assert shares.shrunken(np.array(hits), n, overall).sum() == pytest.approx(1)
    assert shares.shrunken(np.array([3]), 30, np.array([0.5]))[0] == pytest.approx((3 + 20 * 0.5) / 50)


def test_regression_recovers_the_odds_and_its_mean_is_the_share() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(40_000, 3)) * [1, 5, 0] + [0, 10, 2]
    logit = -1 + 0.8 * features[:, 0] - 0.3 * (features[:, 1] - 10)
    happened = (rng.random(40_000) < 1 / (1 + np.exp(-logit))).astype(float)
    model = logistic.fit(features, happened)
    slopes = model.coefficients[1:] / model.deviation
    np.testing.assert_allclose(slopes, [0.8, -0.3, 0], atol=0.03)
    predicted = logistic.predict(model, features)
    assert predicted.mean() == pytest.approx(happened.mean(), abs=1e-9)
    rows = shares.calibration(predicted, happened)
    assert [row["n"] for row in rows] == [4000] * 10
    assert sum(row["low"] <= row["predicted_mean"] <= row["high"] for row in rows) >= 8
    assert shares.brier(predicted, happened) < shares.brier(np.full(40_000, happened.mean()), happened)


def test_rare_outcomes_and_skewed_features_do_not_overshoot() -> None:
    rng = np.random.default_rng(4)
    silent = rng.exponential(80, 5000)
    features = np.log1p(np.column_stack((silent, silent + 1, rng.poisson(0.3, 5000))))
    happened = (rng.random(5000) < 0.5 * np.exp(-silent / 10)).astype(float)
    model = logistic.fit(features, happened)
    predicted = logistic.predict(model, features)
    assert predicted.mean() == pytest.approx(happened.mean(), abs=1e-7)
    assert shares.brier(predicted, happened) < 0.8 * shares.brier(np.full(5000, happened.mean()), happened)


def test_regression_survives_separation_and_certainty() -> None:
    features = np.array([[0.0], [1.0], [2.0], [3.0]])
    model = logistic.fit(features, np.array([0.0, 0.0, 1.0, 1.0]))
    assert np.isfinite(model.coefficients).all()
    never = logistic.predict(logistic.fit(features, np.zeros(4)), features)
    np.testing.assert_allclose(never, 0, atol=1e-8)


def test_deciles_keep_equal_values_together_and_leave_the_unknown_out() -> None:
    values = np.array([0.0] * 50 + list(range(1, 50)) + [np.nan])
    result = lifetime.decile(values, lifetime.decile_cuts(values))
    assert set(result[:50]) == {1}
    assert result[98] == 10
    assert result[99] == 0
