"""The weakest link on the best path from each record to the lowest record of its cluster."""

from __future__ import annotations

import numpy as np


def weakest_links(labels: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """int64[n]: the number of the edge that decides about each record, -1 where none does.

    labels int64[n]: the lowest position of each record's cluster. left, right int64[e]: edges within clusters, the best
    first. Of all paths to the lowest record the best is the one whose worst edge is best (the path in the maximum
    spanning tree); that edge decides. About the lowest record of a cluster its own best edge does.

    Worst edges spread from the lowest records outwards, to all neighbours at once, until none improves (Bellman and
    Ford's relaxation with a maximum in place of the sum): as many rounds as the longest best path has edges, each over
    the edges at records that the last one improved.
    """
    n, count = len(labels), len(left)
    nowhere = np.int64(count)
    worst = np.full(n, nowhere)
    is_lowest = labels == np.arange(n)
    worst[is_lowest] = -1
    number = np.arange(count, dtype=np.int64)
    source, target, link = np.r_[left, right], np.r_[right, left], np.r_[number, number]
    near = is_lowest[source]
    best = np.full(n, nowhere)
    np.minimum.at(best, source[near], link[near])
    inner = ~is_lowest[target]  # nothing improves on the lowest record itself
    source, target, link = source[inner], target[inner], link[inner]
    improved = is_lowest
    while len(fresh := np.flatnonzero(improved[source])):
        reached = np.maximum(worst[source[fresh]], link[fresh])
        before = worst.copy()
        np.minimum.at(worst, target[fresh], reached)
        improved = worst < before
    worst[is_lowest] = best[is_lowest]
    worst[worst == nowhere] = -1
    return worst
