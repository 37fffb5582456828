"""How records hang together: the best path between two of them, the strongest tree of a customer. Pure functions."""

from __future__ import annotations

import heapq
from collections import defaultdict

Edge = tuple[str, str, str, str, float, float]
"""left, right, kind ('certain', 'probable', 'decision', 'different'), evidence, match weight, match probability."""


def best_path(edges: list[Edge], start: str, goal: str) -> list[Edge]:
    """The chain of links from start to goal whose weakest link is strongest (then: the shortest); empty if there is
    none.

    Widest path after Pollack 1960, by Dijkstra's scheme. 'different' decisions are no links.
    """
    around: dict[str, list[tuple[str, Edge]]] = defaultdict(list)
    for edge in edges:
        if edge[3] != "different":
            around[edge[0]].append((edge[1], edge))
            around[edge[1]].append((edge[0], edge))
    best: dict[str, tuple[float, int]] = {start: (float("-inf"), 0)}
    came: dict[str, tuple[str, Edge]] = {}
    queue: list[tuple[float, int, str]] = [(float("-inf"), 0, start)]
    while queue:
        cost, hops, node = heapq.heappop(queue)
        if node == goal:
            break
        if (cost, hops) > best[node]:
            continue
        for other, edge in around[node]:
            option = (max(cost, -edge[4]), hops + 1)
            if other not in best or option < best[other]:
                best[other] = option
                came[other] = (node, edge)
                heapq.heappush(queue, (*option, other))
    path: list[Edge] = []
    node = goal
    while node in came and node != start:
        node, edge = came[node]
        path.append(edge)
    return path[::-1] if node == start else []


def strongest_tree(edges: list[Edge]) -> list[Edge]:
    """The links that hold a customer together: its maximum spanning tree, strongest first."""
    root: dict[str, str] = {}

    def find(key: str) -> str:
        while root.setdefault(key, key) != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    tree = []
    for edge in sorted(edges, key=lambda e: (-e[4], e[0], e[1], e[3])):
        if edge[3] != "different" and find(edge[0]) != find(edge[1]):
            root[find(edge[0])] = find(edge[1])
            tree.append(edge)
    return tree
