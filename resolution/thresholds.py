"""Choosing the threshold without labels: the expected F1 of the clusters that each threshold would make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from resolution.classify.model import MatchModel
from resolution.config import MatchConfig
from resolution.standardise.columns import Standardised

if TYPE_CHECKING:
    import pandas as pd

    from resolution.cluster import Constraints

GRID = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)


def choose_threshold(
    std: Standardised,
    config: MatchConfig,
    model: MatchModel,
    edges: pd.DataFrame,
    constraints: Callable[[float], Constraints],
) -> tuple[MatchModel, list[dict[str, float]]]:
    """The model with the threshold of best expected pairwise F1, and the curve (threshold, expected precision, recall, f1)."""
    from resolution.cluster import cluster

    left, right = edges["left"].to_numpy(), edges["right"].to_numpy()
    share = edges["match_probability"].to_numpy()
    expected = max(float(share.sum()), 1e-9)
    curve = []
    for threshold in GRID:
        labels = cluster(std.n, edges, constraints(threshold))
        size = np.unique(labels, return_counts=True)[1].astype(np.int64)
        implied = int((size * (size - 1) // 2).sum())
        inside = labels[left] == labels[right]
        right_ones = float(share[inside].sum())
        precision = right_ones / implied if implied else 1.0
        recall = right_ones / expected
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        curve.append(
            {"threshold": threshold, "precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}
        )
    # Of equally good thresholds the one nearest to 0.8: strict enough for records to come, not needlessly so.
    best = max(curve, key=lambda row: (row["f1"], -abs(row["threshold"] - 0.8)))
    return replace(model, threshold=best["threshold"]), curve
