"""What an intervention lifted: after against before, next to a control that it left alone.

lift = (treated after / treated before) / (control after / control before) - 1, on daily means; the interval is a block
bootstrap (blocks of seven days, drawn within each period and together for treated and control, so that weeks and common
shocks stay whole). The seed is fixed: the same figures give the same interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

BLOCK_DAYS = 7
DRAWS = 2000
SEED = 20_140_731
MIN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Lift:
    """Relative lift with its 95 % interval; None where a period is shorter than two weeks or a mean is nought."""

    lift: float | None
    low: float | None
    high: float | None
    treated_before: float
    treated_after: float
    control_before: float | None
    control_after: float | None
    days_before: int
    days_after: int
    reason: str | None = None


def measure_lift(treated: Float, control: Float | None, begins: int, *, draws: int = DRAWS, seed: int = SEED) -> Lift:
    """Daily figures of treated and control over the same days; `begins`: position of the first day after."""
    before, after = treated[:begins], treated[begins:]
    pair = None if control is None else (control[:begins], control[begins:])
    means = (_mean(before), _mean(after), None, None) if pair is None else (
        _mean(before), _mean(after), _mean(pair[0]), _mean(pair[1])
    )  # fmt: skip
    shape = (means[0], means[1], means[2], means[3], len(before), len(after))
    if min(len(before), len(after)) < MIN_DAYS:
        return Lift(None, None, None, *shape, f"fewer than {MIN_DAYS} days before or after")
    if means[0] == 0 or (pair is not None and (means[2] == 0 or means[3] == 0)):
        return Lift(None, None, None, *shape, "a period without any event has no ratio")
    rng = np.random.default_rng(seed)
    first = _block_means(np.vstack([before, pair[0]] if pair else [before]), rng, draws)
    second = _block_means(np.vstack([after, pair[1]] if pair else [after]), rng, draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = second[0] / first[0]
        if pair is not None:
            ratios = ratios / (second[1] / first[1])
    ratios = ratios[np.isfinite(ratios)] - 1
    low, high = np.quantile(ratios, (0.025, 0.975))
    lift = float(means[1]) / float(means[0])
    if means[2] is not None and means[3] is not None:
        lift /= float(means[3]) / float(means[2])
    return Lift(lift - 1, float(low), float(high), *shape)


def _mean(values: Float) -> float:
    return float(values.mean()) if len(values) else 0.0


def _block_means(series: Float, rng: np.random.Generator, draws: int) -> Float:
    """Means of moving-block resamples: [series, draws]. All series use the same blocks."""
    days = series.shape[1]
    blocks = -(-days // BLOCK_DAYS)
    width = min(BLOCK_DAYS, days)
    sums = np.cumsum(np.pad(series, ((0, 0), (1, 0))), axis=1)
    windows = sums[:, width:] - sums[:, :-width]  # sum of the block that begins at each day
    starts = rng.integers(0, windows.shape[1], size=(draws, blocks))
    return np.asarray(windows[:, starts].sum(axis=2) / (blocks * width), dtype=np.float64)
