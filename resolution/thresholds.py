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
STRICT = (0.995, 0.998, 0.9995, 0.9999, 0.99999)
"""Thresholds tried too where the configuration wants a precision."""
SAMPLE = 30_000
"""Records whose clusters are tried at every threshold; whole components, chosen by the hash of their record ids."""
USUAL = 0.8
CLOSE = 0.002
"""Thresholds whose expected F1 differ by less count as equally good: expectations are no sharper than that."""


def choose_threshold(
    std: Standardised,
    config: MatchConfig,
    model: MatchModel,
    edges: pd.DataFrame,
    constraints: Callable[[float], Constraints],
) -> tuple[MatchModel, list[dict[str, float]]]:
    """The model with the threshold of best expected pairwise F1, and the curve (threshold, precision, recall, f1).

    Expected: the pairs that are right among those that the clusters assert (resolution.expectation), over all
    asserted ones (precision) and over these and the evidence between clusters (recall; the most that any threshold
    sees). Clusters are made with all constraints, so that chains and contradictions count. With `config.precision` the
    lowest threshold counts at which what the model adds to certain evidence is expected to be that precise, and that no
    single link is below it.
    """
    from resolution.cluster import cluster
    from resolution.expectation import expected_right

    edges = edges[sampled_edges(std, edges)].reset_index(drop=True)
    # The records of the sample alone: what no edge touches stays by itself at every threshold.
    members, place = np.unique(
        np.r_[edges["left"].to_numpy(np.int64), edges["right"].to_numpy(np.int64)], return_inverse=True
    )
    left, right = place[: len(edges)], place[len(edges) :]
    edges = edges.assign(left=left.astype(np.int32), right=right.astype(np.int32))
    n, rules = len(members), constraints(GRID[0]).take(members)
    share = edges["match_probability"].to_numpy(float)
    sure = (edges["kind"] != "probable").to_numpy() if "kind" in edges else np.zeros(len(edges), bool)
    # Clusters of certain evidence alone: what the model adds joins these.
    atom = cluster(n, edges[sure], rules) if sure.any() else np.arange(n)
    grid = GRID if config.precision is None else (*GRID, *STRICT)
    curve = []
    for threshold in grid:
        labels = cluster(n, edges, replace(rules, limits=replace(rules.limits, threshold=threshold)))
        size = np.unique(labels, return_counts=True)[1].astype(np.int64)
        together = labels[left] == labels[right]
        row = {
            "threshold": threshold,
            "asserted": float((size * (size - 1) // 2).sum()),
            "right": expected_right(labels, left, right, share, rules.source),
            "missed": float(share[~together].sum()),
        }
        if config.precision is not None:
            row["precision_added"] = _precision_added(atom, labels, left, right, np.where(together, share, 0.0))
        curve.append(row)
    curve = _rates(curve)
    if config.precision is not None:
        # Identifiers err too (a family's mailbox without a name): they get half of the errors allowed, the model half.
        wanted = 1 - (1 - config.precision) / 2
        reached = [row["threshold"] for row in curve if row["precision_added"] >= wanted and row["threshold"] >= wanted]
        return replace(model, threshold=min(reached, default=grid[-1])), curve
    best = max(row["f1"] for row in curve)
    # Of equally good thresholds the one nearest to the usual: strict enough for records to come, not needlessly so.
    chosen = min((row for row in curve if row["f1"] >= best - CLOSE), key=lambda row: abs(row["threshold"] - USUAL))
    return replace(model, threshold=chosen["threshold"]), curve


def _rates(counts: list[dict[str, float]]) -> list[dict[str, float]]:
    """Expected precision, recall and F1 of each threshold from counts of pairs: asserted, right, missed."""
    wanted = max((row["right"] + row["missed"] for row in counts), default=0.0) or 1.0
    curve = []
    for row in counts:
        precision = row["right"] / row["asserted"] if row["asserted"] else 1.0
        recall = row["right"] / wanted
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        rates = {"threshold": row["threshold"], "precision": precision, "recall": recall, "f1": f1}
        if "precision_added" in row:
            rates["precision_added"] = row["precision_added"]
        curve.append({k: round(v, 5) for k, v in rates.items()})
    return curve


def _precision_added(
    atom: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    share: npt.NDArray[np.float64],
) -> float:
    """Expected share of right pairs among those that clusters assert beyond certain evidence.

    Records joined by certain evidence (atoms) are one; two atoms are one person with the probability of their best
    edge, and with 0 where only other atoms connect them, so that chains count against a threshold.
    """
    import pandas as pd

    size = np.bincount(atom, minlength=len(atom)).astype(np.float64)
    first = np.flatnonzero(size)
    owner = labels[first]  # an atom's label is its lowest record
    total = np.bincount(owner, size[first], len(atom))
    squares = np.bincount(owner, size[first] ** 2, len(atom))
    asserted = float((total**2 - squares).sum() / 2)
    a, b = atom[left], atom[right]
    across = (a != b) & (share > 0)
    pairs = pd.DataFrame({"a": np.minimum(a, b)[across], "b": np.maximum(a, b)[across], "share": share[across]})
    best = pairs.groupby(["a", "b"], sort=False)["share"].max().reset_index()
    right_pairs = float((best["share"] * size[best["a"]] * size[best["b"]]).sum())
    return right_pairs / asserted if asserted else 1.0


def sampled_edges(std: Standardised, edges: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Edges of a sample of whole components of at most about SAMPLE records; all edges when there are fewer records."""
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
    np.minimum.at(rank, label, std.identity)
    several = np.flatnonzero(size > 1)
    order = several[np.argsort(rank[several], kind="stable")]
    chosen = np.zeros(count, bool)
    chosen[order[: int(np.searchsorted(np.cumsum(size[order]), SAMPLE)) + 1]] = True
    return chosen[label[left]] & chosen[label[right]]
