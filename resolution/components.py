"""Connected components of records: the easy mass of clustering."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


FEW_EDGES = 300_000
"""Up to here scipy, which takes longer to load than such a graph takes, is left out: a night's graph is small."""


def components(n: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """int64[n]: the number of each record's component, where a[i] and b[i] hang together; in the order of their lowest
    members.
    """
    import numpy as np

    if n == 0:
        return np.empty(0, np.int64)
    if len(a) <= FEW_EDGES:
        return np.unique(_hooked(n, a, b), return_inverse=True)[1].astype(np.int64)
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _hooked(n: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """int64[n]: the lowest member of each component. Trees are hooked onto lower trees and flattened until no edge is
    left between two of them (Shiloach and Vishkin 1982).
    """
    import numpy as np

    label = np.arange(n, dtype=np.int64)
    a, b = np.asarray(a, np.int64), np.asarray(b, np.int64)
    while len(a):
        root_a, root_b = label[a], label[b]
        apart = root_a != root_b
        a, b, root_a, root_b = a[apart], b[apart], root_a[apart], root_b[apart]
        np.minimum.at(label, np.maximum(root_a, root_b), np.minimum(root_a, root_b))
        while True:
            flat = label[label]
            if np.array_equal(flat, label):
                break
            label = flat
    return label


def lowest_member(component: np.ndarray) -> np.ndarray:
    """int64[n]: the lowest position of each record's component."""
    import numpy as np

    if len(component) == 0:
        return component.astype(np.int64)
    lowest = np.empty(int(component.max()) + 1, dtype=np.int64)
    # The last assignment stays: positions from the highest down to the lowest.
    lowest[component[::-1]] = np.arange(len(component) - 1, -1, -1)
    return lowest[component]


def link_labels(n: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """int64[n]: the lowest position of each record's component."""
    return lowest_member(components(n, a, b))
