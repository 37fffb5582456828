"""Daily figures: spikes against a weekly pattern (STL), slow drift (CUSUM).

STL (Cleveland and others 1990) with period 7 and robust weights; the robust z of its remainder decides. CUSUM (Page
1954) adds up what exceeds half a standard deviation, upwards and downwards, and starts again after an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

PERIOD = 7
MIN_DAYS = 28
STL_ALERT = 4.0
SLACK, DRIFT_ALERT = 0.5, 5.0


@dataclass(frozen=True, slots=True)
class Days:
    """Per day: what was expected (season and trend), robust z of the remainder, whether it is out of line."""

    expected: Float
    z: Float
    is_alert: Bool


def score_days(values: Float) -> Days:
    """Judge the days of one series without gaps. Fewer than four weeks: nothing is judged."""
    count = len(values)
    if count < MIN_DAYS or not np.isfinite(values).all() or float(np.ptp(values)) == 0:
        nothing = np.full(count, np.nan)
        return Days(nothing, nothing.copy(), np.zeros(count, dtype=bool))
    from statsmodels.tsa.seasonal import STL

    parts = STL(values, period=PERIOD, robust=True).fit()
    expected = np.asarray(parts.trend + parts.seasonal, dtype=np.float64)
    rest = values - expected
    middle = np.median(rest)
    # counts scatter at least like the root of their level: a very regular series must not cry at every wobble
    floor = np.sqrt(np.maximum(np.median(values), 1.0))
    z = (rest - middle) / max(1.4826 * float(np.median(np.abs(rest - middle))), float(floor))
    return Days(expected, z, np.abs(z) > STL_ALERT)


def drift(z: Float) -> tuple[Float, Float, Bool]:
    """CUSUM of a series of standard scores: (upward sum, downward sum, alarm). NaN scores leave the sums as they are.

    Each series is short (days), and every sum depends on the one before: the loop is over days, not over rows.
    """
    up, down = np.zeros(len(z)), np.zeros(len(z))
    alarm = np.zeros(len(z), dtype=bool)
    above = below = 0.0
    for day, score in enumerate(np.nan_to_num(z, nan=0.0).tolist()):
        known = bool(np.isfinite(z[day]))
        above = max(0.0, above + score - SLACK) if known else above
        below = max(0.0, below - score - SLACK) if known else below
        up[day], down[day] = above, below
        alarm[day] = above > DRIFT_ALERT or below > DRIFT_ALERT
        if alarm[day]:
            above = below = 0.0
    return up, down, alarm


def weekday_scores(values: Float, weeks: int = 8, minimum: int = 4) -> Float:
    """Robust z of each day against the same weekday of the weeks before, which is what drift is measured in."""
    count = len(values)
    result = np.full(count, np.nan)
    for day in range(minimum * PERIOD, count):
        before = values[day - PERIOD :: -PERIOD][:weeks]
        before = before[np.isfinite(before)]
        if len(before) < minimum or not np.isfinite(values[day]):
            continue
        middle = float(np.median(before))
        spread = max(1.4826 * float(np.median(np.abs(before - middle))), float(np.sqrt(max(middle, 1.0))))
        result[day] = (values[day] - middle) / spread
    return result
