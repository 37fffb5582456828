"""Choosing the threshold without labels: the expected F1 of the clusters that each threshold would make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resolution.classify.model import MatchModel
from resolution.config import MatchConfig
from resolution.standardise.columns import Standardised

if TYPE_CHECKING:
    import pandas as pd

    from resolution.cluster import Constraints

GRID = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
SAMPLE = 30_000
"""Records whose clusters are tried at every threshold; whole components, chosen by the hash of their record ids."""
USUAL = 0.8
CLOSE = 0.0005


def choose_threshold(
    std: Standardised,
    config: MatchConfig,
    model: MatchModel,
    edges: pd.DataFrame,
    constraints: Callable[[float], Constraints],
) -> tuple[MatchModel, list[dict[str, float]]]:
    """The model with the threshold of best expected pairwise F1, and the curve (threshold, precision, recall, f1).

    Expected: the sum of match probabilities inside the clusters, over the pairs that the clusters assert
    (precision) and over the sum
    of all match probabilities (recall). Clusters are made with all constraints, so that chains and contradictions
    count.
    """
    from resolution.cluster import cluster

    edges = edges[sampled_edges(std, edges)].reset_index(drop=True)
    left, right = edges["left"].to_numpy(), edges["right"].to_numpy()
    share = edges["match_probability"].to_numpy(float)
    expected = max(float(share.sum()), 1e-9)
    curve = []
    for threshold in GRID:
        labels = cluster(std.n, edges, constraints(threshold))
        size = np.unique(labels, return_counts=True)[1].astype(np.int64)
        implied = int((size * (size - 1) // 2).sum())
        inside = float(share[labels[left] == labels[right]].sum())
        precision = min(inside / implied, 1.0) if implied else 1.0
        recall = inside / expected
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        curve.append(
            {"threshold": threshold, "precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}
        )
    best = max(row["f1"] for row in curve)
    # Of equally good thresholds the one nearest to the usual: strict enough for records to come, not needlessly so.
    chosen = min((row for row in curve if row["f1"] >= best - CLOSE), key=lambda row: abs(row["threshold"] - USUAL))
    return replace(model, threshold=chosen["threshold"]), curve


def sampled_edges(std: Standardised, edges: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Edges of a sample of whole components of at most about SAMPLE records; all edges when there are fewer records."""
    from pandas.util import hash_array
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    left, right = edges["left"].to_numpy(), edges["right"].to_numpy()
    if std.n <= SAMPLE:
        return np.ones(len(edges), bool)
    strong = edges["match_probability"].to_numpy(float) >= GRID[0]
    graph = coo_matrix((np.ones(int(strong.sum()), np.int8), (left[strong], right[strong])), shape=(std.n, std.n))
    count, label = connected_components(graph, directed=False)
    size = np.bincount(label, minlength=count)
    rank = np.full(count, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(rank, label, hash_array(std.record_ids, categorize=False))
    several = np.flatnonzero(size > 1)
    order = several[np.argsort(rank[several], kind="stable")]
    chosen = np.zeros(count, bool)
    chosen[order[: int(np.searchsorted(np.cumsum(size[order]), SAMPLE)) + 1]] = True
    return chosen[label[left]] & chosen[label[right]]
