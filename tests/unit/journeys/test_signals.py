"""Spikes, drift, lifts and split tests: planted ones are found at their size, quiet series stay quiet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.signals.daily import drift, score_days, weekday_scores
from journeys.signals.experiments import compare_means, compare_shares, look_level, ratio_mismatch
from journeys.signals.lift import measure_lift
from journeys.signals.seasonal import WEEK, score, upper_tail


def _season(weeks: int, level: float, seed: int) -> np.ndarray:
    """Counts with hours of the day and days of the week, as mentions have them."""
    hour = np.arange(weeks * WEEK)
    shape = 1 + 0.8 * np.sin(hour % 24 / 24 * 2 * np.pi) + 0.4 * (hour // 24 % 7 >= 5)
    return np.random.default_rng(seed).poisson(level * shape).astype(float)


def test_a_planted_spike_is_found_and_a_seasonal_week_is_quiet() -> None:
    busy, quiet = _season(20, 40, 1), _season(20, 1.0, 2)
    at = 15 * WEEK + 30
    busy[at], quiet[at] = busy[at] + 120, 14
    scores = score(np.vstack([busy, quiet]), np.ones((1, len(busy)), dtype=bool))
    assert scores.is_alert[:, at].all()
    assert scores.is_low[1, at] and not scores.is_low[0, at]
    false = scores.is_alert.sum() - 2
    assert false <= 2, f"{false} false alerts in {2 * (20 - 4)} weeks"


def test_an_alerted_hour_is_no_baseline_for_the_next_weeks() -> None:
    counts = np.full(14 * WEEK, 20.0)
    counts[10 * WEEK] = counts[11 * WEEK] = 200.0
    scores = score(counts[None], np.ones((1, len(counts)), dtype=bool))
    assert scores.is_alert[0, 10 * WEEK] and scores.is_alert[0, 11 * WEEK]
    assert scores.expected[0, 11 * WEEK] == 20.0


def test_hours_without_a_load_are_neither_judged_nor_counted_as_silence() -> None:
    counts = _season(12, 30, 3)
    known = np.ones(len(counts), dtype=bool)
    known[6 * WEEK : 7 * WEEK] = False
    counts[6 * WEEK : 7 * WEEK] = 0
    scores = score(counts[None], known[None])
    assert np.isnan(scores.z[0, 6 * WEEK : 7 * WEEK]).all()
    full = score(_season(12, 30, 3)[None], np.ones((1, len(counts)), dtype=bool))
    assert np.nanmax(np.abs(scores.expected[0, 8 * WEEK :] - full.expected[0, 8 * WEEK :])) < 30


def test_a_handful_is_no_spike_and_a_rare_thing_on_one_day_is() -> None:
    rare = np.zeros((1, 70))
    rare[0, ::3] = 1
    rare[0, 60], rare[0, 64] = 4, 7
    scores = score(rare, np.ones((1, 70), dtype=bool), week=7)
    assert np.flatnonzero(scores.is_alert[0]).tolist() == [64]


def test_fewer_than_four_weeks_are_not_judged() -> None:
    scores = score(np.full((1, 4 * WEEK), 3.0), np.ones((1, 4 * WEEK), dtype=bool))
    assert np.isnan(scores.expected).all() and not scores.is_alert.any()


@given(st.integers(1, 10**6), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_an_hour_is_judged_by_earlier_hours_only(seed: int, cut: int) -> None:
    counts = np.random.default_rng(seed).poisson(6, (2, 9 * WEEK)).astype(float)
    known = np.ones((1, 9 * WEEK), dtype=bool)
    whole = score(counts, known)
    part = score(counts[:, : -cut * 20], known[:, : -cut * 20])
    assert np.array_equal(whole.is_alert[:, : -cut * 20], part.is_alert)


def test_tails_of_counts() -> None:
    p = upper_tail(np.array([3.0, 3.0]), np.array([0.5, 0.5]), np.array([0.5, 4.0]))
    assert p[0] == pytest.approx(0.0143877, abs=1e-6)  # 1 - e^-.5 (1 + .5 + .125)
    assert p[1] > p[0]  # scattered baselines make a high count less strange


def test_stl_finds_the_day_and_drift_finds_the_slope() -> None:
    day = np.arange(180)
    values = 100 + 30 * (day % 7 >= 5) + np.random.default_rng(5).normal(0, 4, 180)
    values[150] += 60
    days = score_days(values)
    assert np.flatnonzero(days.is_alert).tolist() == [150]
    steady = drift(weekday_scores(values))[2].sum()
    values[120:] += np.linspace(0, 60, 60)
    assert drift(weekday_scores(values))[2].sum() > steady
    assert not score_days(values[:20]).is_alert.any()


def test_a_lift_is_recovered_beside_a_control_that_moved_too() -> None:
    rng = np.random.default_rng(9)
    season = 1 + 0.3 * (np.arange(200) % 7 >= 5)
    common = np.where(np.arange(200) >= 110, 1.2, 1.0)
    treated = rng.poisson(50 * season * common * np.where(np.arange(200) >= 110, 1.44, 1.0)).astype(float)
    control = rng.poisson(60 * season * common).astype(float)
    found = measure_lift(treated, control, 110)
    assert found.lift == pytest.approx(0.44, abs=0.08)
    assert found.low is not None and found.high is not None and found.low < 0.44 < found.high and found.low > 0
    alone = measure_lift(treated, None, 110)
    assert alone.lift is not None and alone.lift > 0.6  # without a control, growth of everything counts as lift
    assert measure_lift(treated, control, 110) == found
    assert measure_lift(treated, control, 5).lift is None
    assert measure_lift(np.zeros(200), control, 110).reason


def test_shares_and_means_agree_with_textbook_figures() -> None:
    found = compare_shares((120, 150), (1000, 1000))
    assert found is not None
    assert found.difference == pytest.approx(0.03)
    assert (found.low, found.high) == pytest.approx((0.000086, 0.059914), abs=1e-5)
    assert found.p == pytest.approx(0.04967, abs=2e-4)
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(3)
    a, b = rng.gamma(2, 10, 80), rng.gamma(2, 13, 120)
    cells = [(len(x), float(x.sum()), float((x**2).sum())) for x in (a, b)]
    means = compare_means(cells[0], cells[1])
    assert means is not None
    assert means.p == pytest.approx(ttest_ind(b, a, equal_var=False).pvalue, rel=1e-9)
    assert compare_shares((0, 1), (0, 10)) is None
    assert compare_means((1, 2.0, 4.0), cells[1]) is None


def test_a_wrong_split_is_noticed_and_a_fair_one_is_not() -> None:
    assert ratio_mismatch((821_588, 815_482), (0.5, 0.5)) < 0.001
    assert ratio_mismatch((5_010, 4_990), (0.5, 0.5)) > 0.5
    assert ratio_mismatch((900, 100), (0.9, 0.1)) == pytest.approx(1.0)
    assert ratio_mismatch((0, 0), (0.5, 0.5)) == 1.0


def test_early_looks_spend_little_and_the_last_spends_all() -> None:
    levels = [look_level(look / 4) for look in range(1, 5)]
    assert levels == sorted(levels)
    assert levels[0] < 0.0001
    assert levels[-1] == pytest.approx(0.05)
