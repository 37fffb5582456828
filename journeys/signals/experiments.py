"""Split tests: difference with interval, check of the split, and what repeated looks cost.

Shares: two-proportion z with unpooled errors for the interval, pooled for the test. Means: Welch. The split is checked
by chi-square against the planned shares (Fabijan and others 2019): p < .001 stops the report, since a split that went
wrong makes every difference suspect. Looks spend the error as Lan and DeMets do with O'Brien–Fleming-like bounds:
little at early looks, nearly all at the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

RATIO_ALERT = 0.001
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treatment minus control. low, high: interval at the look's level; p: two-sided, of this look alone."""

    difference: float
    low: float
    high: float
    p: float
    relative: float | None
    is_significant: bool


def ratio_mismatch(counts: Sequence[int], shares: Sequence[float]) -> float:
    """p of the observed split under the planned one (chi-square); 1 when nobody was exposed."""
    from scipy.stats import chi2

    total = sum(counts)
    if total == 0 or len(counts) < 2:
        return 1.0
    expected = np.asarray(shares, dtype=np.float64) / sum(shares) * total
    if (expected == 0).any():
        return 0.0 if any(n and not e for n, e in zip(counts, expected, strict=True)) else 1.0
    statistic = float((((np.asarray(counts) - expected) ** 2) / expected).sum())
    return float(chi2.sf(statistic, len(counts) - 1))


def look_level(fraction: float, alpha: float = ALPHA) -> float:
    """Error that may have been spent when `fraction` of the planned information is in: 2 - 2 Φ(z / √fraction)."""
    from scipy.stats import norm

    if fraction <= 0:
        return 0.0
    return float(2 * norm.sf(norm.isf(alpha / 2) / sqrt(min(fraction, 1.0))))


def compare_shares(hits: tuple[int, int], counts: tuple[int, int], level: float = ALPHA) -> Comparison | None:
    """(control, treatment) hits of counts; level: the error of this look. None where a group is empty."""
    from scipy.stats import norm

    if min(counts) == 0:
        return None
    p0, p1 = hits[0] / counts[0], hits[1] / counts[1]
    pooled = sum(hits) / sum(counts)
    error0 = sqrt(pooled * (1 - pooled) * (1 / counts[0] + 1 / counts[1]))
    error = sqrt(p0 * (1 - p0) / counts[0] + p1 * (1 - p1) / counts[1])
    p = float(2 * norm.sf(abs(p1 - p0) / error0)) if error0 > 0 else 1.0
    return _comparison(p0, p1, error, p, float(norm.isf(max(level, 1e-12) / 2)), level)


def compare_means(
    control: tuple[int, float, float], treatment: tuple[int, float, float], level: float = ALPHA
) -> Comparison | None:
    """Welch on (n, sum, sum of squares) of each group: what additive cells keep. None below two per group."""
    from scipy.stats import t

    (n0, m0, v0), (n1, m1, v1) = (_moments(group) for group in (control, treatment))
    if min(n0, n1) < 2:
        return None
    error2 = v0 / n0 + v1 / n1
    if error2 <= 0:
        return _comparison(m0, m1, 0.0, 1.0 if m0 == m1 else 0.0, 0.0, level)
    freedom = error2**2 / ((v0 / n0) ** 2 / (n0 - 1) + (v1 / n1) ** 2 / (n1 - 1))
    p = float(2 * t.sf(abs(m1 - m0) / sqrt(error2), freedom))
    return _comparison(m0, m1, sqrt(error2), p, float(t.isf(max(level, 1e-12) / 2, freedom)), level)


def _moments(group: tuple[int, float, float]) -> tuple[int, float, float]:
    n, total, squares = group
    if n < 2:
        return n, 0.0, 0.0
    mean = total / n
    return n, mean, max(squares - n * mean**2, 0.0) / (n - 1)


def _comparison(m0: float, m1: float, error: float, p: float, quantile: float, level: float) -> Comparison:
    difference = m1 - m0
    relative = difference / m0 if m0 else None
    return Comparison(
        difference, difference - quantile * error, difference + quantile * error, p, relative, bool(p < level)
    )
