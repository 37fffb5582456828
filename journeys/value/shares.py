"""Shares with their uncertainty: Wilson's interval, shrinkage towards everybody, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Z95 = 1.959963984540054


def wilson(hits: F64, n: F64, z: float = Z95) -> tuple[F64, F64]:
    """Wilson's score interval of hits / n (Wilson 1927); NaN where n is 0."""
    hits, n = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = hits / n
        middle = p + z * z / (2 * n)
        half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        below = 1 + z * z / n
        # exact ends where rounding would leave a trace
        low = np.where(hits == 0, 0.0, (middle - half) / below)
        high = np.where(hits == n, 1.0, (middle + half) / below)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def shrunken(hits: F64, n: F64, overall: F64, kappa: float = 20.0) -> F64:
    """(hits + kappa · overall) / (n + kappa): few cases lean on everybody's share, many on their own."""
    return np.asarray((np.asarray(hits) + kappa * np.asarray(overall)) / (np.asarray(n) + kappa))


def brier(predicted: F64, happened: F64) -> float:
    """Mean squared difference of probability and outcome (0 or 1)."""
    return float(np.mean((predicted - happened) ** 2))


def calibration(predicted: F64, happened: F64, bins: int = 10) -> list[dict[str, Any]]:
    """Calibration table in bins of equal size by prediction; equal predictions stay together.

    One dict per bin that occurs: bin (1 = lowest), n, predicted_mean, observed_rate, low and high (Wilson, 95 %).
    """
    if not len(predicted):
        return []
    cuts = np.quantile(predicted, np.arange(1, bins) / bins)
    place = 1 + np.searchsorted(cuts, predicted, side="left")
    rows = []
    for bin_ in np.unique(place):
        here = place == bin_
        n, hits = int(here.sum()), float(happened[here].sum())
        low, high = wilson(np.array([hits]), np.array([n]))
        rows.append({
            "bin": int(bin_), "n": n, "hits": int(hits),
            "predicted_mean": float(predicted[here].mean()), "observed_rate": hits / n,
            "low": float(low[0]), "high": float(high[0]),
        })  # fmt: skip
    return rows
