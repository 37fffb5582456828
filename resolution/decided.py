"""Clusters under decisions: evidence makes customers, then "the same person" joins whole customers.

A steward who says that two records are one person means the two customers that they stand for, also where two verified
accounts or two birth dates would have kept these apart: that is what the decision is for. Only another decision is
stronger. Where "different persons" was said about records of the two customers, the decision joins its own two records,
and each other record goes where its evidence is strongest among what remains allowed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from resolution.cluster import Constraints
    from resolution.refusals import Refusals


def cluster_with_decisions(
    n: int, edges: pd.DataFrame, constraints: Constraints, decided_apart: np.ndarray | None = None
) -> tuple[np.ndarray, Refusals]:
    """(the lowest position of each record's cluster, int64[n]; which links were not followed and why): see
    `cluster.cluster_with_refusals`.

    decided_apart: int64[k, 2], those of `constraints.cannot_link` that are decisions; None = all of them.

    Depends on one connected component of evidence and decisions at a time, as `cluster` does on one of evidence.
    Raises ContradictoryDecisionsError when two records must be both joined and kept apart.
    """
    import numpy as np

    from resolution.cluster import cluster, cluster_with_refusals
    from resolution.components import link_labels

    if constraints.must_link is None or len(constraints.must_link) == 0:
        return cluster_with_refusals(n, edges, constraints)
    must = np.asarray(constraints.must_link, np.int64).reshape(-1, 2)
    cluster(n, edges.iloc[:0], constraints)  # refuses decisions that contradict each other
    evidence = edges[(edges["kind"] != "decision").to_numpy()]
    own, refused = cluster_with_refusals(n, evidence, replace(constraints, must_link=None))
    joined = link_labels(n, np.r_[np.arange(n), must[:, 0]], np.r_[own, must[:, 1]])
    apart = constraints.cannot_link if decided_apart is None else decided_apart
    if apart is None or len(apart) == 0:
        return joined, refused.between(joined)
    cannot = np.asarray(apart, np.int64).reshape(-1, 2)
    clash = joined[cannot[joined[cannot[:, 0]] == joined[cannot[:, 1]]].ravel()]
    if not len(clash):
        return joined, refused.between(joined)
    linked = evidence[evidence["match_probability"].to_numpy() >= constraints.limits.threshold]
    left, right = (linked[side].to_numpy(np.int64) for side in ("left", "right"))
    component = link_labels(n, np.r_[left, must[:, 0]], np.r_[right, must[:, 1]])
    inside = np.isin(component, component[clash])
    members = np.flatnonzero(inside)
    among = evidence[inside[evidence["left"].to_numpy()] & inside[evidence["right"].to_numpy()]]
    place = {side: np.searchsorted(members, among[side].to_numpy()).astype(np.int32) for side in ("left", "right")}
    labels, anew = cluster_with_refusals(len(members), among.assign(**place), constraints.take(members))
    joined[members] = members[labels]
    return joined, refused.outside(inside).joined(anew.at(members)).between(joined)
