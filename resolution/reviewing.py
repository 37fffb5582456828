"""Which pairs a person should look at first: those where a decision is expected to put most pairs of records right.

Pure functions over labels and edges; files and the warehouse's review queue use the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
LINKED, BELOW, REFUSED = "holds a customer together", "just below the threshold", "likely, but kept apart"
COLUMNS = ("left", "right", "match_probability", "kind", "evidence", "is_linked", "pairs", "value", "reason")


def review_pairs(
    labels: Ints, edges: pd.DataFrame, threshold: float, decided: Ints | None = None, limit: int | None = None
) -> pd.DataFrame:
    """Borderline pairs, the most valuable decision first.

    labels: int64[n], the cluster of each record (any integers). edges: left, right (positions), match_weight,
    match_probability, kind ('probable', 'certain', 'decision', 'different'), evidence. decided: int64[k, 2], pairs
    with a decision in force; they are not asked again.

    One row per question: inside a customer only the links of its strongest tree (a weaker link beside it decides
    nothing), between two customers only the best edge. `pairs` is the number of pairs of records that the answer
    joins or parts: the records on both sides of the link, multiplied. `value` is how many of them are expected to be
    wrong now: of a link 1 - p of its pairs; between two customers the sum of p over their pairs (a pair without an edge
    counts 0), at most half of the pairs where something else than the probability keeps them apart. Ties: by position.
    Returns a DataFrame of COLUMNS. Value of information after Howard 1966; edge questions after Wang et al. 2012.
    """
    import pandas as pd

    labels = np.asarray(labels, np.int64)
    a, b = (edges[side].to_numpy(np.int64) for side in ("left", "right"))
    low, high = np.minimum(a, b), np.maximum(a, b)
    probability = edges["match_probability"].to_numpy(float)
    kind = edges["kind"].to_numpy()
    verdict = edges["evidence"].to_numpy() if "evidence" in edges else np.full(len(edges), "")
    usable = (kind != "different") & ~((kind == "decision") & (verdict == "different")) & (low != high)
    inside = usable & (labels[a] == labels[b])
    tree, sides = holding_tree(labels, low, high, edges, np.flatnonzero(inside))
    across, likely = _best_across(labels, low, high, probability, np.flatnonzero(usable & ~inside))
    owner = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    size = np.bincount(owner)
    apart_pairs = size[owner[a[across]]] * size[owner[b[across]]]

    row = np.r_[tree, across]
    pairs = np.r_[sides, apart_pairs].astype(np.int64)
    linked = np.r_[np.ones(len(tree), bool), np.zeros(len(across), bool)]
    refused = ~linked & (probability[row] >= threshold)
    wrong = np.r_[sides * (1 - probability[tree]), likely]
    wrong = np.where(refused, np.minimum(wrong, 0.5 * pairs), wrong)
    result = pd.DataFrame(
        {
            "left": low[row],
            "right": high[row],
            "match_probability": probability[row],
            "kind": edges["kind"].to_numpy()[row].astype(object),
            "evidence": edges["evidence"].to_numpy()[row].astype(object) if "evidence" in edges else "",
            "is_linked": linked,
            "pairs": pairs,
            # Rounded, so that the last bits of a float never decide an order.
            "value": np.round(wrong, 9),
            "reason": np.where(linked, LINKED, np.where(refused, REFUSED, BELOW)),
        }
    )
    asked = (result["value"] > 0).to_numpy() & ~result["kind"].isin(["decision"]).to_numpy()
    if decided is not None and len(decided):
        known = np.sort(np.asarray(decided, np.int64).reshape(-1, 2), axis=1)
        asked &= ~np.isin(_packed(result["left"].to_numpy(), result["right"].to_numpy()), _packed(*known.T))
    result = result[asked].sort_values(["value", "left", "right"], ascending=[False, True, True], kind="stable")
    return (result if limit is None else result.head(limit)).reset_index(drop=True)


def holding_tree(labels: Ints, left: Ints, right: Ints, edges: pd.DataFrame, inside: Ints) -> tuple[Ints, Ints]:
    """The links that hold each customer together: rows of its maximum spanning tree, and the product of the numbers of
    records on both sides of each.

    inside: rows of `edges` within one cluster. Certain evidence is stronger than probable, then weight, then position.
    Kruskal 1956.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

    if not len(inside):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    strength = np.select(
        [edges["kind"].to_numpy()[inside] == "decision", edges["kind"].to_numpy()[inside] == "certain"], [0, 1], 2
    )
    weight = np.round(edges["match_weight"].to_numpy(float)[inside] * 1000).astype(np.int64)
    order = inside[np.lexsort((right[inside], left[inside], -weight, strength))]
    order = order[np.sort(np.unique(_packed(left[order], right[order]), return_index=True)[1])]
    # Only records that an edge touches: their places, and one root above all clusters so that one walk serves all.
    nodes, place = np.unique(np.r_[left[order], right[order]], return_inverse=True)
    a, b = place[: len(order)], place[len(order) :]
    count = len(nodes)
    rank = np.arange(1.0, len(order) + 1)
    graph = coo_matrix((rank, (a, b)), shape=(count, count)).tocsr()
    forest = minimum_spanning_tree(graph)
    component = connected_components(forest, directed=False)[1]
    roots = np.unique(component, return_index=True)[1]
    chosen = forest.tocoo()
    rooted = coo_matrix(
        (
            np.ones(len(chosen.data) + len(roots)),
            (np.r_[chosen.row, np.full(len(roots), count)], np.r_[chosen.col, roots]),
        ),
        shape=(count + 1, count + 1),
    ).tocsr()
    walk, before = breadth_first_order(rooted, count, directed=False)
    below = _records_below(walk, before, count)
    u, v = chosen.row, chosen.col
    child = np.where(before[v] == u, v, u)
    total = np.bincount(component, minlength=len(roots))
    side = below[child]
    return order[chosen.data.astype(np.int64) - 1], side * (total[component[child]] - side)


def _records_below(walk: Ints, before: Ints, root: int) -> Ints:
    """Size of the subtree of every node of a breadth-first walk, one vectorised step per level from the deepest up."""
    size = np.ones(root + 1, np.int64)
    start = 1
    levels = []
    reached = np.zeros(root + 1, bool)
    reached[root] = True
    while start < len(walk):
        ready = reached[before[walk[start:]]]
        stop = len(walk) if ready.all() else start + int(np.argmin(ready))
        levels.append(walk[start:stop])
        reached[walk[start:stop]] = True
        start = stop
    for nodes in reversed(levels):
        np.add.at(size, before[nodes], size[nodes])
    return size


def _best_across(
    labels: Ints, left: Ints, right: Ints, probability: npt.NDArray[np.float64], rows: Ints
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """(of the given rows the most probable one between each two clusters, the expected number of right pairs between
    them). A pair with several edges counts once, with its best. Ties: by position.
    """
    if not len(rows):
        return rows, np.empty(0)
    codes = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    one, two = codes[left[rows]], codes[right[rows]]
    between = _packed(np.minimum(one, two), np.maximum(one, two))
    order = np.lexsort((-np.round(probability[rows], 9), right[rows], left[rows], between))
    pair = _packed(left[rows][order], right[rows][order])
    order = order[np.r_[True, pair[1:] != pair[:-1]]]
    groups, owner = np.unique(between[order], return_inverse=True)
    expected = np.bincount(owner, probability[rows][order], len(groups))
    order = order[np.lexsort((right[rows][order], left[rows][order], -np.round(probability[rows][order], 9), owner))]
    first = np.unique(between[order], return_index=True)[1]
    return rows[order[first]], expected.astype(np.float64)


def _packed(left: Ints, right: Ints) -> Ints:
    return (np.asarray(left, np.int64) << 32) | np.asarray(right, np.int64)
