"""Spikes in counts against the same hour of the week, or the same weekday, of earlier weeks.

Method: robust z of the count against median and MAD of the same place in the last eight weeks (Iglewicz and
Hoaglin 1993); for low counts the upper tail of a Poisson distribution, or of a negative binomial where the baseline
scatters more than one and a half times its mean. What was alerted is no baseline, and times without a load are no
data: a missing export must not look like silence. A handful of events is never a spike, however quiet it was before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

WEEK = 168  # hours; 7 for days
BASELINE_WEEKS = 8
MIN_WEEKS = 4  # a series needs four weeks of history before it is judged
Z_ALERT, MIN_COUNT = 5.0, 10
LOW_MEDIAN, LOW_COUNT, P_ALERT, OVERDISPERSED = 10.0, 5, 1e-4, 1.5


@dataclass(frozen=True, slots=True)
class Scores:
    """All arrays [series, times]. expected: NaN before a series has its history; p: NaN where z decides."""

    expected: Float
    z: Float
    p: Float
    is_alert: Bool
    is_low: Bool  # judged by the tail of a count distribution


def score(counts: Float, known: Bool, week: int = WEEK) -> Scores:
    """Judge every hour (day) of every series by those before it.

    counts  [series, times], the first time of each row being the same for all
    known   [series, times] or [1, times]: False where nothing was loaded
    week    times in a week: 168 hours or 7 days
    Cost: one pass per week over (series × times × 8) numbers; only earlier times can change a later one's baseline.
    """
    series, hours = counts.shape
    weeks = -(-hours // week)
    padded = np.full((series, weeks * week), np.nan)
    padded[:, :hours] = np.where(np.broadcast_to(known, counts.shape), counts, np.nan)
    cube = padded.reshape(series, weeks, week)
    usable = cube.copy()  # without alerted hours
    expected, z, p = (np.full(cube.shape, np.nan) for _ in range(3))
    alert = np.zeros(cube.shape, dtype=bool)
    low = np.zeros(cube.shape, dtype=bool)
    for now in range(MIN_WEEKS, weeks):
        baseline = usable[:, max(0, now - BASELINE_WEEKS) : now, :]
        judged = _judge(cube[:, now, :], baseline)
        expected[:, now], z[:, now], p[:, now], alert[:, now], low[:, now] = judged
        usable[:, now, :][alert[:, now]] = np.nan
    cut = slice(0, hours)
    flat = [array.reshape(series, -1)[:, cut] for array in (expected, z, p, alert, low)]
    return Scores(flat[0], flat[1], flat[2], flat[3].astype(bool), flat[4].astype(bool))


def _judge(now: Float, baseline: Float) -> tuple[Float, Float, Float, Bool, Bool]:
    """One week against its baseline [series, weeks, times of a week]."""
    n = np.isfinite(baseline).sum(axis=1)
    enough = (n >= MIN_WEEKS) & np.isfinite(now)
    median = _nan_median(baseline)
    spread = 1.4826 * _nan_median(np.abs(baseline - median[:, None, :]))
    z = (now - median) / np.maximum(spread, np.sqrt(np.maximum(median, 1.0)))
    total = np.nansum(baseline, axis=1)
    rate = (total + 0.5) / np.maximum(n, 1)
    low = enough & (median < LOW_MEDIAN)
    p = np.full(now.shape, np.nan)
    # only what lies above its rate, and is no mere handful, can be a spike: the other tails need no computing
    rows = low & (now > rate) & (now >= LOW_COUNT)
    if rows.any():
        mean = total / np.maximum(n, 1)
        variance = np.nansum((baseline - mean[:, None, :]) ** 2, axis=1) / np.maximum(n - 1, 1)
        p[rows] = upper_tail(now[rows], rate[rows], variance[rows])
    by_z = enough & ~low & (z > Z_ALERT) & (now >= MIN_COUNT)
    by_p = low & (now >= LOW_COUNT) & (np.nan_to_num(p, nan=1.0) < P_ALERT)
    expected = np.where(enough, np.where(low, rate, median), np.nan)
    return expected, np.where(enough, z, np.nan), p, by_z | by_p, low


def upper_tail(count: Float, rate: Float, variance: Float) -> Float:
    """P(X >= count): Poisson with `rate`, or negative binomial of the same mean where variance / rate > 1.5."""
    from scipy.stats import nbinom, poisson

    result = poisson.sf(count - 1, rate)
    wide = variance > OVERDISPERSED * rate
    if wide.any():
        mean, var = rate[wide], variance[wide]
        size = mean**2 / (var - mean)
        result[wide] = nbinom.sf(count[wide] - 1, size, mean / var)
    return np.asarray(result, dtype=np.float64)


def _nan_median(values: Float) -> Float:
    """Median over axis 1 without a warning for columns that are all NaN (sorting puts NaN last)."""
    ordered = np.sort(values, axis=1)
    n = np.isfinite(values).sum(axis=1)
    lower = np.take_along_axis(ordered, np.maximum((n - 1) // 2, 0)[:, None, :], axis=1)[:, 0, :]
    upper = np.take_along_axis(ordered, np.minimum(n // 2, values.shape[1] - 1)[:, None, :], axis=1)[:, 0, :]
    return np.where(n > 0, (lower + upper) / 2, np.nan)
