"""RFM: recency, frequency and monetary value in scores from 1 to 5 (segments: the mart rfm_segment).

Cut points are the quantiles 20, 40, 60 and 80 % (linear interpolation, type 7). Equal values always get equal scores:
NTILE, which splits ties by chance, would give the many customers with one order different scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I16 = NDArray[np.int16]
LEVELS = (0.2, 0.4, 0.6, 0.8)


def cut_points(values: F64) -> list[float]:
    """The four cut points of one measure over all customers."""
    return [float(cut) for cut in np.quantile(values, LEVELS)]


def score(values: F64, cuts: Sequence[float], *, reverse: bool = False, quantile_plus_one: bool = False) -> I16:
    """Scores 1 to 5: 1 + the number of cut points strictly below the value; reversed for recency (6 - score).

    quantile_plus_one: the rule of the R package rfm, score s when b_(s-1) ≤ value < b_s with b_k = quantile_k + 1.
    """
    if quantile_plus_one:
        result = 1 + np.searchsorted(np.asarray(cuts) + 1.0, values, side="right")
    else:
        result = 1 + np.searchsorted(np.asarray(cuts), values, side="left")
    return np.asarray(6 - result if reverse else result, dtype=np.int16)


def composite(r: I16, f: I16, m: I16) -> I16:
    """100 R + 10 F + M."""
    return np.asarray(100 * r + 10 * f + m, dtype=np.int16)
