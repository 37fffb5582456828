"""Dividing whole units (cents, billionths of a credit) so that the parts add up to exactly what was divided."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeys.errors import JourneysError


def allocate(
    weights: NDArray[Any], units: NDArray[Any] | int, offsets: NDArray[Any] | None = None
) -> NDArray[np.int64]:
    """Divide `units` in proportion to `weights` by largest remainder (Hamilton's method).

    weights   float array (n,), any sign as long as each group's sum is not zero
    units     whole units of each group, int64 (groups,) or one number; may be negative
    offsets   int64 (groups + 1,): rows offsets[g]:offsets[g+1] are group g; None: one group

    Returns int64 (n,): each part is the exact share rounded down, and the units left over go to the largest remainders,
    the earlier row first where remainders are equal. Raises JourneysError when a group's weights sum to zero.
    """
    weights = np.asarray(weights, dtype=np.float64)
    offsets = np.array([0, len(weights)]) if offsets is None else np.asarray(offsets, dtype=np.int64)
    sizes = np.diff(offsets)
    group = np.repeat(np.arange(len(sizes)), sizes)
    units = np.broadcast_to(np.asarray(units, dtype=np.int64), sizes.shape)
    if len(weights) == 0:
        return np.zeros(0, dtype=np.int64)
    totals = np.bincount(group, weights, minlength=len(sizes))
    if np.any(totals[sizes > 0] == 0):
        raise JourneysError("Nothing can be divided by weights that sum to zero: give every group a positive weight.")
    exact = units[group] * (weights / totals[group])
    # a share within a rounding error of a whole number is that number: .4 × 5000 cents is 2000, not 1999
    whole = np.rint(exact)
    near = np.abs(exact - whole) <= np.maximum(1e-9, 2e-15 * np.abs(exact))
    floor = np.where(near, whole, np.floor(exact))
    remainder = np.where(near, 0.0, exact - floor)
    parts: NDArray[np.int64] = floor.astype(np.int64)
    left = units - np.bincount(group, floor, minlength=len(sizes)).astype(np.int64)
    # equal remainders differ in their last bits only; they must tie
    order = np.lexsort((np.arange(len(weights)), -np.round(remainder, 9), group))
    rank = np.empty(len(weights), dtype=np.int64)
    rank[order] = np.arange(len(weights)) - offsets[group[order]]
    parts += rank < left[group]
    return parts
