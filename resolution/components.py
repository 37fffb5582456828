"""Connected components of records: the easy mass of clustering."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def components(n: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """int64[n]: the number of each record's component, where a[i] and b[i] hang together."""
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


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
