"""Records and evidence → clusters, under constraints.

The easy mass is connected components. Only components that hold a contradiction, are too large, or hang together by
sparse probable evidence go through the careful algorithm: strongest evidence first (a maximum spanning forest after
Kruskal), refusing every merge that would contradict a decision, two verified accounts, two birth dates or a
duplicate-free source, grow beyond the limit, or rest on a weak bridge. The refused edge is the weakest of its path, so
on contradiction the weakest evidence is dropped, never the person.

Every choice depends on one connected component only and ties follow positions. So the clusters of a component do not
depend on what else is in the data nor on the order of the edges: re-clustering the components that a night touches
gives what a full run gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from resolution.components import components, link_labels, lowest_member
from resolution.suspicion import suspicious_components

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from resolution.hints import NameHints
    from resolution.refusals import Refusals


@dataclass(frozen=True)
class ClusterLimits:
    """Settings of the clustering."""

    threshold: float = 0.5  # least match probability that links at all
    max_size: int = 500  # records per customer; only decisions may exceed it
    min_density: float = 0.3  # share of cross pairs with evidence that two groups need to be joined
    strong_weight: float = 16.0  # a probable edge of this weight (log2 odds) needs no density
    across_names: float = 24.0  # evidence of this weight joins records whose given names cannot be one


@dataclass(frozen=True)
class Constraints:
    """What a cluster must respect. None = nothing of that kind.

    must_link, cannot_link: int array [k, 2] of positions (steward decisions).
    accounts: DataFrame position, namespace, value: one customer has one value per namespace.
    birth_day: int64[n], year*10000 + month*100 + day, 0 = unknown.
    source: int64[n], code of a duplicate-free source, -1 = none: one record of each per customer.
    names: given names; records of two names meet by the strongest evidence only (a family's tablet or mailbox is
    weaker).
    """

    must_link: np.ndarray | None = None
    cannot_link: np.ndarray | None = None
    accounts: pd.DataFrame | None = None
    birth_day: np.ndarray | None = None
    source: np.ndarray | None = None
    names: NameHints | None = None
    limits: ClusterLimits = ClusterLimits()

    def take(self, positions: np.ndarray) -> Constraints:
        """The constraints among some records (ascending positions), which are then positions 0, 1, …"""
        import numpy as np

        def among(pairs: np.ndarray | None) -> np.ndarray | None:
            if pairs is None or len(pairs) == 0 or len(positions) == 0:
                return None
            pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
            place = np.searchsorted(positions, pairs).clip(max=len(positions) - 1)
            return place[(positions[place] == pairs).all(axis=1)]

        accounts = self.accounts
        if accounts is not None and len(positions) == 0:
            accounts = accounts.iloc[:0]
        elif accounts is not None and len(accounts):
            held = accounts["position"].to_numpy(np.int64)
            place = np.searchsorted(positions, held).clip(max=len(positions) - 1)
            inside = positions[place] == held
            accounts = accounts[inside].assign(position=place[inside])
        return replace(
            self,
            must_link=among(self.must_link),
            cannot_link=among(self.cannot_link),
            accounts=accounts,
            birth_day=None if self.birth_day is None else self.birth_day[positions],
            source=None if self.source is None else self.source[positions],
            names=None if self.names is None else self.names.take(positions),
        )


def cluster(n: int, edges: pd.DataFrame, constraints: Constraints | None = None) -> np.ndarray:
    """Label every record with the lowest position of its cluster: int64[n].

    edges: left int32 < right int32, match_weight float32 (log2 odds), match_probability float64, kind, evidence.
    Raises ContradictoryDecisionsError (resolution.decisions) when two records must be both joined and kept apart.
    Kruskal 1956; constrained agglomeration after Basu, Davidson, Wagstaff (2008), ch. 1.
    """

    return cluster_with_refusals(n, edges, constraints)[0]


def cluster_with_refusals(
    n: int, edges: pd.DataFrame, constraints: Constraints | None = None
) -> tuple[np.ndarray, Refusals]:
    """The clusters, and which links were not followed and why."""
    import numpy as np

    from resolution.careful import CarefulInput, careful_merges
    from resolution.refusals import Refusals

    rules = constraints or Constraints()
    must, cannot = _pairs(rules.must_link), _pairs(rules.cannot_link)
    _refuse_contradictions(n, must, cannot)
    keep = edges["match_probability"].to_numpy(float) >= rules.limits.threshold
    left, right = (edges[side].to_numpy(np.int64)[keep] for side in ("left", "right"))
    is_certain = (edges["kind"].to_numpy() != "probable")[keep]
    component = components(n, np.r_[left, must[:, 0]], np.r_[right, must[:, 1]])
    suspicious = suspicious_components(n, component, left, right, is_certain, must, cannot, rules)
    inside = suspicious[component[left]]
    if not inside.any():
        return lowest_member(component), Refusals.none()
    row = np.flatnonzero(inside)
    weight = edges["match_weight"].to_numpy()[np.flatnonzero(keep)[row]]
    pairs = _link_pairs(left[row], right[row], weight.astype(float), is_certain[row])
    must_inside = must[suspicious[component[must[:, 0]]]] if len(must) else must
    grown = careful_merges(
        CarefulInput(
            *pairs,
            must=must_inside,
            cannot=cannot,
            accounts=rules.accounts,
            birth_day=rules.birth_day,
            source=rules.source,
            names=rules.names,
            across_names=rules.limits.across_names,
            max_size=rules.limits.max_size,
            min_density=rules.limits.min_density,
            strong_weight=rules.limits.strong_weight,
        )
    )
    # Records of easy components stay as they are; the others start alone.
    base = np.where(suspicious[component], np.arange(n), lowest_member(component))
    moved = np.flatnonzero(suspicious[component])
    merges = np.searchsorted(moved, grown.merges)
    base[moved] = moved[link_labels(len(moved), merges[:, 0], merges[:, 1])]
    return base, Refusals.of(base, pairs[0], pairs[1], grown)


def link_strength(labels: np.ndarray, edges: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """How each record hangs on its customer: (decided_by object[n], match_probability float64[n]).

    The best path leads through the maximum spanning tree to the lowest record of the cluster; the weakest edge on it is
    the record's probability, and its kind says who decided. A single record has 'single' and NaN; the lowest record of
    a larger cluster has the strongest of its tree edges.
    """
    import numpy as np

    from resolution.strength import weakest_links

    n = len(labels)
    kind = np.full(n, "single", dtype=object)
    probability = np.full(n, np.nan)
    if n == 0 or len(edges) == 0:
        return kind, probability
    left, right = edges["left"].to_numpy(np.int64), edges["right"].to_numpy(np.int64)
    row = np.flatnonzero(labels[left] == labels[right])
    kinds = edges["kind"].to_numpy()
    weaker = (kinds[row] == "probable").astype(np.int64) + (kinds[row] != "decision")
    # Best evidence first: decisions, then certain, then by weight; ties by position.
    weight = edges["match_weight"].to_numpy(np.float64)[row]
    row = row[np.lexsort((right[row], left[row], -weight, weaker))]
    link = weakest_links(labels, left[row], right[row])
    reached = np.flatnonzero(link >= 0)
    deciding = row[link[reached]]
    kind[reached] = kinds[deciding]
    probability[reached] = edges["match_probability"].to_numpy(np.float64)[deciding]
    return kind, probability


def _pairs(pairs: np.ndarray | None) -> np.ndarray:
    import numpy as np

    if pairs is None or len(pairs) == 0:
        return np.empty((0, 2), dtype=np.int64)
    return np.sort(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=1)


def _link_pairs(
    left: np.ndarray, right: np.ndarray, weight: np.ndarray, certain: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One row per linked pair: left, right int64, the best weight in 1/1000 of a bit, whether certain evidence is
    in.
    """
    import numpy as np

    # Weights are quantised so that the last bits of a float never decide an order.
    weight = np.round(weight * 1000).astype(np.int64)
    order = np.argsort(left << 32 | right, kind="stable")
    left, right, weight, certain = left[order], right[order], weight[order], certain[order]
    first = np.ones(len(left), bool)
    first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    if first.all():
        return left, right, weight, certain
    starts = np.flatnonzero(first)
    return left[first], right[first], np.maximum.reduceat(weight, starts), np.maximum.reduceat(certain, starts)


def _refuse_contradictions(n: int, must: np.ndarray, cannot: np.ndarray) -> None:
    if len(must) == 0 or len(cannot) == 0:
        return
    joined = components(n, must[:, 0], must[:, 1])
    clash = cannot[joined[cannot[:, 0]] == joined[cannot[:, 1]]]
    if len(clash):
        from resolution.decisions import ContradictoryDecisionsError

        pairs = ", ".join(f"{a}-{b}" for a, b in clash[:5].tolist())
        raise ContradictoryDecisionsError(
            f"decisions join and separate the same records (positions {pairs}): revoke one decision of each cycle"
        )
