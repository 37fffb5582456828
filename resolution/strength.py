"""The weakest link on the best path from each record to the lowest record of its cluster."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

FEW = 20_000
"""Up to so many edges the same code is interpreted."""


def weakest_links(labels: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """int64[n]: the number of the edge that decides about each record, -1 where none does.

    labels int64[n]: the lowest position of each record's cluster. left, right int64[e]: edges within clusters, the best
    first. The best path leads through the maximum spanning tree; its worst edge decides. About the lowest record of a
    cluster its best edge in the tree does.
    """
    few = len(left) <= FEW and _compiled.cache_info().currsize == 0
    result: np.ndarray = (_weakest if few else _compiled())(labels.astype(np.int64), left, right)
    return result


@cache
def _compiled() -> Any:
    from resolution.forest import compiled

    return compiled(_weakest)


def _weakest(labels: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    n = len(labels)
    # A maximum spanning forest after Kruskal: groups as linked lists, small into large.
    root = np.arange(n)
    size = np.ones(n, np.int64)
    following = np.full(n, -1, np.int64)
    last = np.arange(n)
    tree = np.empty(n, np.int64)
    start = np.zeros(n + 1, np.int64)
    edges = 0
    for k in range(len(left)):
        one, other = root[left[k]], root[right[k]]
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
        start[left[k] + 1] += 1
        start[right[k] + 1] += 1
    start = np.cumsum(start)
    place = start[:-1].copy()
    neighbour = np.empty(2 * edges, np.int64)
    number = np.empty(2 * edges, np.int64)
    for i in range(edges):  # every record's edges come out with the best first
        k = tree[i]
        neighbour[place[left[k]]], number[place[left[k]]] = right[k], k
        neighbour[place[right[k]]], number[place[right[k]]] = left[k], k
        place[left[k]] += 1
        place[right[k]] += 1
    worst = np.full(n, -1, np.int64)
    waiting = np.empty(n, np.int64)
    for lowest in range(n):
        if labels[lowest] != lowest or start[lowest + 1] == start[lowest]:
            continue
        waiting[0] = lowest
        stack = 1
        while stack > 0:
            stack -= 1
            node = waiting[stack]
            for i in range(start[node], start[node + 1]):
                other = neighbour[i]
                if other != lowest and worst[other] < 0:
                    worst[other] = max(worst[node], number[i])
                    waiting[stack] = other
                    stack += 1
        worst[lowest] = number[start[lowest]]
    return worst
