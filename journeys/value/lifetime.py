"""Customer lifetime value: discounted margin of the expected purchases, and how well the forecast held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeys.value import bgnbd

F64 = NDArray[np.float64]


def lifetime_value(
    model: bgnbd.BgNbd,
    x: F64,
    t_x: F64,
    t_total: F64,
    worth: F64,
    *,
    period: float,
    periods: int,
    margin: float,
    discount: float,
) -> F64:
    """Sum over k = 1..periods of (E[Y(t_k)] - E[Y(t_(k-1))]) · worth · margin / (1 + discount)^k.

    period: units between the t_k; worth: E[M] (money); margin: share of a purchase's value; discount: per period.
    """
    ends = [k * period for k in range(1, periods + 1)]
    total, before = np.zeros(len(x)), np.zeros(len(x))
    for k, now in enumerate(bgnbd.expected_by_horizon(model, x, t_x, t_total, ends), start=1):
        total += (now - before) / (1.0 + discount) ** k
        before = now
    return np.asarray(total * worth * margin)


def decile_cuts(value: F64) -> list[float]:
    """The nine cut points between deciles (quantiles, type 7) of the known values; empty when nothing is known."""
    known = value[np.isfinite(value)]
    return [float(cut) for cut in np.quantile(known, np.arange(1, 10) / 10)] if len(known) else []


def decile(value: F64, cuts: Sequence[float]) -> NDArray[np.int16]:
    """1 (lowest) to 10 (highest): 1 + the number of cut points strictly below; 0 where the value is NaN.

    Equal values share a decile, so deciles need not be of equal size.
    """
    return np.where(np.isfinite(value), 1 + np.searchsorted(np.asarray(cuts), value, side="left"), 0).astype(np.int16)


def holdout_by_frequency(x: F64, predicted: F64, actual: F64, top: int = 7) -> list[dict[str, Any]]:
    """Predicted and actual repeat purchases of the holdout by frequency in calibration; the last bin is `top` or more.

    One dict per bin that occurs: frequency, customers, predicted_mean, actual_mean.
    """
    bins = np.minimum(x, top).astype(np.int64)
    rows = []
    for bin_ in np.unique(bins):
        here = bins == bin_
        rows.append({
            "frequency": f"{bin_}+" if bin_ == top else str(bin_),
            "customers": int(here.sum()),
            "predicted_mean": round(float(predicted[here].mean()), 4),
            "actual_mean": round(float(actual[here].mean()), 4),
        })  # fmt: skip
    return rows


def weighted_triples(x: F64, t_x: F64, t_total: F64, limit: int, seed: int = 0) -> tuple[F64, F64, F64, F64]:
    """Distinct (x, t_x, T) with the number of customers of each: what a fit needs of a million customers.

    More than `limit` distinct triples: a seeded sample of them, drawn without regard to the order of the input.
    """
    triples, weight = np.unique(np.column_stack((x, t_x, t_total)), axis=0, return_counts=True)
    if len(triples) > limit:
        chosen = np.sort(np.random.default_rng(seed).choice(len(triples), limit, replace=False))
        triples, weight = triples[chosen], weight[chosen]
    return triples[:, 0], triples[:, 1], triples[:, 2], weight.astype(np.float64)
