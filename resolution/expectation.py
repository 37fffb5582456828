"""How many of the pairs that clusters assert are expected to be right, without labels.

A pair of one cluster is one person as surely as the best path between its records is right all along: the product of
the probabilities on it, or the pair's own evidence where that says more. Among duplicate-free sources, which rule
chains out, that is what the truth shows. Elsewhere a path flatters: it is the best of many. There a pair whose own
evidence says less counts for the mean of both, and one without evidence (compared and found unlike, or never brought
together) for less than its path.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

FEW = 3000
"""Up to so many edges the same code is interpreted."""
SILENCE = 8.0
"""Odds against a pair without evidence of its own, where the sources do not rule out chains (measured)."""


def expected_right(
    labels: np.ndarray, left: np.ndarray, right: np.ndarray, share: np.ndarray, source: np.ndarray | None
) -> float:
    """Expected number of right pairs among those that the clusters assert.

    labels int64[n]: the lowest position of each record's cluster. left < right int64[e], share float64[e]: evidence
    with its probability. source int64[n]: codes of duplicate-free sources, -1 = none.
    """
    inside = labels[left] == labels[right]
    left, right, share = left[inside], right[inside], share[inside]
    key = left << 32 | right
    order = np.lexsort((-share, key))
    key, share = key[order], share[order]
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    key, share = key[first], share[first]
    free = np.full(len(labels), -1, np.int64) if source is None else source.astype(np.int64)
    few = len(key) <= FEW and _compiled.cache_info().currsize == 0
    kernel = _sum_of_pairs if few else _compiled()
    return float(kernel(len(labels), key, share, np.argsort(-share, kind="stable"), free, SILENCE))


@cache
def _compiled() -> Any:
    from resolution.forest import compiled

    return compiled(_sum_of_pairs)


def _sum_of_pairs(
    n: int, key: np.ndarray, share: np.ndarray, order: np.ndarray, source: np.ndarray, silence: float
) -> float:
    """Sum over all pairs of connected records. key: left << 32 | right, sorted; order: best evidence first."""
    # The best paths lead through a maximum spanning forest.
    root = np.arange(n)
    size = np.ones(n, np.int64)
    following = np.full(n, -1, np.int64)
    last = np.arange(n)
    tree = np.empty(n, np.int64)
    degree = np.zeros(n + 1, np.int64)
    edges = 0
    for k in order:
        a, b = key[k] >> 32, key[k] & 0xFFFFFFFF
        one, other = root[a], root[b]
        if one == other:
            continue
        if size[one] < size[other]:
            one, other = other, one
        node = other
        while node >= 0:
            root[node] = one
            node = following[node]
        following[last[one]] = other
        last[one] = last[other]
        size[one] += size[other]
        tree[edges] = k
        edges += 1
        degree[a + 1] += 1
        degree[b + 1] += 1
    start = np.cumsum(degree)
    place = start.copy()
    neighbour = np.empty(2 * edges, np.int64)
    step = np.empty(2 * edges, np.float64)
    for i in range(edges):
        k = tree[i]
        a, b = key[k] >> 32, key[k] & 0xFFFFFFFF
        neighbour[place[a]], step[place[a]] = b, share[k]
        neighbour[place[b]], step[place[b]] = a, share[k]
        place[a] += 1
        place[b] += 1
    total = 0.0
    waiting = np.empty(n, np.int64)
    before = np.empty(n, np.int64)
    path = np.empty(n, np.float64)
    for a in range(n):
        waiting[0], before[0], path[0] = a, -1, 1.0
        stack = 1 if start[a + 1] > start[a] else 0
        while stack > 0:
            stack -= 1
            node, came, sure = waiting[stack], before[stack], path[stack]
            if node > a:
                wanted = a << 32 | node
                low, high = 0, len(key)
                while low < high:
                    middle = (low + high) // 2
                    if key[middle] < wanted:
                        low = middle + 1
                    else:
                        high = middle
                seen = low < len(key) and key[low] == wanted
                if source[a] >= 0 and source[node] >= 0:
                    total += max(sure, share[low]) if seen else sure
                elif seen and share[low] >= sure:
                    total += share[low]
                else:
                    # The mean of what the path and the pair's own evidence say, in log odds.
                    against = (
                        np.sqrt((1.0 - sure) * (1.0 - share[low]) / (sure * share[low]))
                        if seen
                        else (silence * (1.0 - sure) / sure)
                    )
                    total += 1.0 / (1.0 + against)
            for i in range(start[node], start[node + 1]):
                if neighbour[i] != came:
                    waiting[stack], before[stack], path[stack] = neighbour[i], node, sure * step[i]
                    stack += 1
    return total
