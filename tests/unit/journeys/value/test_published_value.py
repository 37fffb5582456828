"""BG/NBD and Gamma-Gamma on CDNOW, from the purchase log: every published figure."""

from __future__ import annotations

import csv
import datetime as dt
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from journeys.value import bgnbd, gamma_gamma, lifetime
from journeys.value.purchases import Purchases, summarise

CDNOW = Path(__file__).resolve().parents[4].parent / "shared" / "samples_journeys" / "cdnow"
pytestmark = pytest.mark.skipif(not CDNOW.exists(), reason=f"the public sample CDNOW is not on this machine ({CDNOW})")
EPOCH = dt.date(1970, 1, 1)
END = (dt.date(1997, 9, 30) - EPOCH).days


def _table(name: str) -> list[dict[str, str]]:
    with (CDNOW / name).open(newline="") as file:
        return list(csv.DictReader(file))


@cache
def _log() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    cells = [line.split() for line in (CDNOW / "CDNOW_sample.txt").read_text().splitlines()]
    assert len(cells) == 6919
    days = [(dt.datetime.strptime(cell[2], "%Y%m%d").date() - EPOCH).days for cell in cells]
    shuffled = np.random.default_rng(3).permutation(len(cells))
    customer, day = np.array([int(cell[1]) for cell in cells]), np.array(days)
    return customer[shuffled], day[shuffled], np.array([float(cell[4]) for cell in cells])[shuffled]


@cache
def _cdnow() -> Purchases:
    return summarise(*_log(), end=END)


@cache
def _bgnbd() -> bgnbd.BgNbd:
    p = _cdnow()
    return bgnbd.fit(*lifetime.weighted_triples(p.x, p.t_x, p.t_total, limit=10_000))


def _published(model: str) -> dict[str, tuple[float, float]]:
    return {
        row["parameter"]: (float(row["published"]), float(row["tolerance"]))
        for row in _table("expected.csv")
        if row["model"] == model
    }


def test_the_log_gives_exactly_the_published_summary() -> None:
    p, summary = _cdnow(), _table("cdnow_customers_summary.csv")
    customer, day, value = _log()
    assert summarise(customer, day, value, end=int(day.max())).merged == 223
    assert ((p.x > 0).sum(), p.x.sum(), len(p.x)) == (946, 2457, 2357)
    np.testing.assert_array_equal(p.x, [int(row["frequency"]) for row in summary])
    np.testing.assert_allclose(p.t_x, [float(row["recency"]) for row in summary], atol=0.005001)
    np.testing.assert_allclose(p.t_total, [float(row["T"]) for row in summary], atol=0.005001)
    worth = {int(row["ID"]): float(row["zbar"]) for row in _table("cdnow_customers_summary_with_transactions.csv")}
    repeat = p.x > 0
    np.testing.assert_allclose(p.mean_value[repeat], [worth[c] for c in p.customer[repeat]], atol=0.005001)


def test_bgnbd_on_distinct_triples_gives_the_published_parameters() -> None:
    fitted, published = _bgnbd(), _published("bg_nbd")
    assert set(published) == {"r", "alpha", "a", "b", "log_likelihood"}
    for name, (value, tolerance) in published.items():
        assert getattr(fitted, name) == pytest.approx(value, abs=tolerance), name
    exact = {"r": 0.24259, "alpha": 4.41360, "a": 0.79292, "b": 2.42591, "log_likelihood": -9582.4292}
    for name, value in exact.items():
        assert getattr(fitted, name) == pytest.approx(value, abs=1e-4), name


def test_gamma_gamma_gives_the_published_parameters() -> None:
    p = _cdnow()
    fitted = gamma_gamma.fit(p.x, p.mean_value)
    for name, (value, tolerance) in _published("gamma_gamma").items():
        assert getattr(fitted, name) == pytest.approx(value, abs=tolerance), name
    assert fitted.p == pytest.approx(6.2496, abs=2e-3)
    assert not fitted.is_doubtful
    # the mean of a customer without repeat purchases is that of the population
    assert gamma_gamma.expected_value(fitted, np.array([0.0]), np.array([np.nan]))[0] == pytest.approx(
        fitted.p * fitted.v / (fitted.q - 1)
    )


def test_expectations_agree_with_their_integral_and_grow_with_the_horizon() -> None:
    """E[Y(t)] of the closed form against numerical integration over the posterior of a customer (a < 1 here)."""
    from scipy.special import roots_genlaguerre, roots_jacobi

    m = bgnbd.BgNbd(0.243, 4.414, 0.793, 2.426, 0.0)
    x, t_x, total, horizon = 2.0, 30.43, 38.86, 39.0
    # Gauss quadrature under the two priors; exp(-rate · t_x), common to all terms, is part of the weight
    node, gamma_weight = roots_genlaguerre(60, m.r + x - 1)
    place, beta_weight = roots_jacobi(60, m.b - 1, m.a - 1)
    rate, drop = (node / (m.alpha + t_x))[:, None], ((1 + place) / 2)[None, :]
    weight = gamma_weight[:, None] * beta_weight[None, :]
    alive = weight * (1 - drop) ** x * np.exp(-rate * (total - t_x))
    gone = weight * drop * (1 - drop) ** (x - 1)
    top = (alive * (1 - np.exp(-rate * drop * horizon)) / drop).sum()
    bottom = (alive + gone).sum()
    arrays = (np.array([x]), np.array([t_x]), np.array([total]))
    assert bgnbd.expected_purchases(m, *arrays, horizon)[0] == pytest.approx(top / bottom, rel=1e-6)
    assert bgnbd.expected_purchases(m, *arrays, 39.0)[0] == pytest.approx(1.226, abs=1e-3)  # lifetimes' documentation
    nothing = bgnbd.expected_purchases(m, *arrays, 1e-9)[0]
    assert nothing == pytest.approx(0, abs=1e-6)
    assert np.isnan(bgnbd.p_alive(m, np.array([0.0]), np.array([0.0]), np.array([10.0])))[0]


def test_the_forecast_holds_on_the_holdout() -> None:
    """The published comparison: by frequency, conditional expectations of the next 39 weeks follow what happened."""
    p, model = _cdnow(), _bgnbd()
    customer, day, _value = _log()
    later = np.unique(np.column_stack((customer, day))[day > END], axis=0)
    actual = np.bincount(later[:, 0], minlength=p.customer.max() + 1)[p.customer]
    predicted = bgnbd.expected_purchases(model, p.x, p.t_x, p.t_total, 39.0)
    rows = lifetime.holdout_by_frequency(p.x, predicted, actual)
    assert [row["frequency"] for row in rows] == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    gaps = [abs(row["predicted_mean"] - row["actual_mean"]) for row in rows]
    assert max(gaps[:4]) < 0.35
    assert np.corrcoef([r["predicted_mean"] for r in rows], [r["actual_mean"] for r in rows])[0, 1] > 0.98


def test_lifetime_value_is_the_discounted_sum() -> None:
    p, model = _cdnow(), _bgnbd()
    some = slice(0, 50)
    arrays = (p.x[some], p.t_x[some], p.t_total[some])
    flat = lifetime.lifetime_value(model, *arrays, np.full(50, 10.0), period=13, periods=3, margin=1, discount=0)
    np.testing.assert_allclose(flat, 10 * bgnbd.expected_purchases(model, *arrays, 39.0), rtol=1e-9)
    less = lifetime.lifetime_value(model, *arrays, np.full(50, 10.0), period=13, periods=3, margin=0.5, discount=0.1)
    assert (less < flat * 0.5).all()
    assert (less > flat * 0.5 / 1.1**3).all()
