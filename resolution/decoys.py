"""Calibration without labels where sources are free of duplicates: pairs within one source are known strangers.

Strangers look alike across sources as often as within one. So of the pairs of a weight, those within sources tell how
many of those between sources are strangers; the rest are persons. (Targets and decoys: Elias & Gygi 2007.) The model's
weights are moved to what this shows, the less the fewer strangers were seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

BIN = 0.5
"""Width of the classes of weights, in bits."""
FEW = 20.0
"""So many strangers in a class move its weight half the way."""
MOST_DOWN = 3.0
"""Bits that a weight may lose: a source that is not quite free of duplicates must not undo the model."""
MOST_DECOYS = 1_000_000
"""Pairs within sources that are compared."""
LEAST = 1e-4


@dataclass(frozen=True)
class Calibration:
    """From the model's weights to calibrated ones: weight and moved float64[k], ascending; straight lines between."""

    weight: np.ndarray
    moved: np.ndarray

    def apply(self, weight: np.ndarray) -> np.ndarray:
        """Calibrated weights; beyond the ends the shift of the end holds."""
        if len(self.weight) == 0:
            return weight
        inner = np.clip(weight, self.weight[0], self.weight[-1])
        return np.interp(inner, self.weight, self.moved) + (weight - inner)


def calibrate(between: np.ndarray, within: np.ndarray, ratio: float) -> Calibration:
    """between, within: float64 weights of candidate pairs between and within duplicate-free sources.

    ratio: pairs between sources that one compared pair within a source stands for.
    """
    from sklearn.isotonic import isotonic_regression

    if len(between) == 0 or len(within) == 0:
        return Calibration(np.empty(0), np.empty(0))
    low = np.floor(between.min() / BIN) * BIN
    classes = int((between.max() - low) // BIN) + 1

    def count(weight: np.ndarray) -> np.ndarray:
        place = ((weight[weight >= low] - low) // BIN).astype(np.int64)
        return np.bincount(np.minimum(place, classes - 1), minlength=classes).astype(np.float64)

    pairs, strangers = count(between), count(within)
    seen = pairs > 0
    centre = (low + BIN * (np.arange(classes) + 0.5))[seen]
    pairs, strangers = pairs[seen], strangers[seen]
    share = isotonic_regression(1 - ratio * strangers / pairs, sample_weight=pairs, y_min=LEAST, y_max=1 - 1e-9)
    # Classes of one level were judged together: by all their strangers.
    level = np.cumsum(np.r_[True, share[1:] != share[:-1]]) - 1
    known = np.bincount(level, strangers)[level]
    shift = np.log2(share / (1 - share)) - centre
    shift = np.maximum(shift, -MOST_DOWN) * known / (known + FEW)
    return Calibration(centre, np.maximum.accumulate(centre + shift))


def calibrated(
    edges: pd.DataFrame,
    source: np.ndarray | None,
    chunks: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]],
    total: int,
    identity: np.ndarray,
    weigh: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> pd.DataFrame:
    """The edges with weights and probabilities of those between duplicate-free sources as the decoys show them.

    source: int64[n], codes of duplicate-free sources, -1 = none. chunks: candidate pairs, those within sources
    included; of more than MOST_DECOYS among `total` candidates a sample by `identity` (uint64[n], a hash of each
    record's id). weigh: log2 odds of pairs.
    """
    if source is None or len(edges) == 0 or not (source >= 0).any():
        return edges
    left, right = edges["left"].to_numpy(np.int64), edges["right"].to_numpy(np.int64)
    across = (source[left] >= 0) & (source[right] >= 0) & (source[left] != source[right])
    sizes = np.bincount(source[source >= 0]).astype(np.float64)
    inside = float((sizes * (sizes - 1) / 2).sum())
    possible = float((sizes.sum() ** 2 - (sizes**2).sum()) / 2)
    if not across.any() or inside == 0:
        return edges
    drawn = min(1.0, MOST_DECOYS / max(total * inside / (inside + possible), 1.0))
    found = []
    for a, b in chunks():
        decoy = (source[a] >= 0) & (source[a] == source[b])
        if drawn < 1:
            decoy &= (identity[a] ^ identity[b]) * np.uint64(0x9E3779B97F4A7C15) <= np.uint64(drawn * float(2**64 - 1))
        if decoy.any():
            found.append(weigh(a[decoy], b[decoy]))
    weight = edges["match_weight"].to_numpy(np.float64)
    strangers = np.concatenate(found) if found else np.empty(0)
    rule = calibrate(weight[across], strangers, possible / inside / drawn)
    weight[across] = np.round(rule.apply(weight[across]), 3)
    share = edges["match_probability"].to_numpy(np.float64).copy()
    share[across] = 1.0 / (1.0 + np.exp2(-weight[across]))
    return edges.assign(match_weight=weight.astype(np.float32), match_probability=share)
