"""The careful part of clustering: strongest evidence first, refusing what contradicts. Used for few components only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from resolution.hints import NameHints


MOST_NAMES = 300
"""Names of one component that are compared with each other."""


@dataclass(frozen=True)
class CarefulInput:
    """Linked pairs of the suspicious components (one row per pair) and what their clusters must respect."""

    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray  # int64, 1/1000 bit
    is_certain: np.ndarray
    must: np.ndarray
    cannot: np.ndarray
    accounts: pd.DataFrame | None
    birth_day: np.ndarray | None
    source: np.ndarray | None
    names: NameHints | None
    across_names: float
    max_size: int
    min_density: float
    strong_weight: float


@dataclass(frozen=True)
class Grown:
    """merges int64[k, 2]: pairs whose joining gives the clusters (a spanning forest of them).

    tried int64[e]: the linked pairs in the order in which they were tried, as positions in the input. outcome int8[e]:
    what became of each (resolution.forest).
    """

    merges: np.ndarray
    tried: np.ndarray
    outcome: np.ndarray


def careful_merges(given: CarefulInput) -> Grown:
    """Grow the clusters of the given pairs. Records are renumbered: memory follows the suspicious ones alone."""
    import numpy as np

    from resolution.forest import INSIDE, JOINED, grow_forest

    ends = np.concatenate([given.left, given.right, given.must.ravel()])
    nodes, place = np.unique(ends, return_inverse=True)
    n, e = len(nodes), len(given.left)
    left, right, must = place[:e], place[e : 2 * e], place[2 * e :].reshape(-1, 2)
    order = np.lexsort((right, left, -given.weight, ~given.is_certain))
    probable = ~given.is_certain
    a, b = left[probable], right[probable]
    partner_start, partner = _lists(n, np.r_[a, b], np.r_[b, a])
    apart_start, apart = _lists(n, *_among(nodes, given.cannot))
    group, value, owner = _items(nodes, given)
    name, unlike = _names(nodes, left, right, must, given.names)
    birth_day = np.zeros(n, np.int64) if given.birth_day is None else given.birth_day[nodes].astype(np.int64)
    outcome, decided = grow_forest(
        n, must, left[order], right[order], given.weight[order], given.is_certain[order], apart_start, apart,
        np.searchsorted(owner, np.arange(n + 1)), group, value, birth_day, name, unlike, partner_start, partner,
        (given.max_size, given.min_density, round(given.strong_weight * 1000), round(given.across_names * 1000)),
    )  # fmt: skip
    joined = order[outcome == JOINED]
    merges = np.concatenate([given.must[decided < INSIDE], np.c_[given.left[joined], given.right[joined]]])
    return Grown(merges, order, outcome)


def _lists(n: int, owner: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values by owner: start int64[n + 1], values int64."""
    import numpy as np

    order = np.argsort(owner, kind="stable")
    start = np.r_[0, np.cumsum(np.bincount(owner, minlength=n))].astype(np.int64)
    return start, value[order].astype(np.int64)


def _among(nodes: np.ndarray, pairs: np.ndarray) -> Iterable[np.ndarray]:
    """Both directions of the pairs of which both records are among `nodes`, renumbered."""
    import numpy as np

    if len(pairs) == 0 or len(nodes) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    place = np.searchsorted(nodes, pairs).clip(max=len(nodes) - 1)
    place = place[(nodes[place] == pairs).all(axis=1)]
    return np.r_[place[:, 0], place[:, 1]], np.r_[place[:, 1], place[:, 0]]


def _items(nodes: np.ndarray, given: CarefulInput) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a cluster may have one value of: group, value and owner, int64, sorted by owner, group and value.

    Accounts by namespace; and a duplicate-free source is a namespace in which every record is its own value.
    """
    import numpy as np

    group, value, owner = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    if given.accounts is not None and len(given.accounts) and len(nodes):
        position = given.accounts["position"].to_numpy(np.int64)
        place = np.searchsorted(nodes, position).clip(max=len(nodes) - 1)
        inside = nodes[place] == position
        group.append(np.unique(given.accounts["namespace"].to_numpy()[inside], return_inverse=True)[1])
        value.append(given.accounts["value"].to_numpy(np.int64)[inside])
        owner.append(place[inside])
    if given.source is not None:
        source = given.source[nodes]
        known = np.flatnonzero(source >= 0)
        group.append(-1 - source[known].astype(np.int64))
        value.append(known)
        owner.append(known)
    groups, values, owners = np.concatenate(group), np.concatenate(value), np.concatenate(owner)
    order = np.lexsort((values, groups, owners))
    groups, values, owners = groups[order], values[order], owners[order]
    new = np.ones(len(order), bool)
    new[1:] = (groups[1:] != groups[:-1]) | (values[1:] != values[:-1]) | (owners[1:] != owners[:-1])
    return groups[new], values[new], owners[new]


def _names(
    nodes: np.ndarray, left: np.ndarray, right: np.ndarray, must: np.ndarray, names: NameHints | None
) -> tuple[np.ndarray, np.ndarray]:
    """(name int64[nodes], -1 = unknown; sorted keys name << 32 | other of names that cannot be one person's)."""
    import numpy as np
    import pandas as pd

    from resolution.components import components

    n = len(nodes)
    if names is None:
        return np.full(n, -1, np.int64), np.empty(0, np.int64)
    name = pd.factorize(names.name[nodes], sort=True)[0].astype(np.int64)
    unknown = names.name[nodes] < 0
    name[unknown] = -1
    part = components(n, np.r_[left, must[:, 0]], np.r_[right, must[:, 1]])
    table = pd.DataFrame({"part": part, "name": name, "bearer": nodes})
    table = table[table["name"] >= 0].drop_duplicates(["part", "name"])
    # Where hundreds of names hang together, the limits on size and density decide; a pair not compared is no clash.
    table = table[table.groupby("part").cumcount() < MOST_NAMES]
    pairs = table.merge(table, on="part", suffixes=("", "_other"))
    pairs = pairs[pairs["name"] < pairs["name_other"]].drop_duplicates(["name", "name_other"])
    clash = names.clash(pairs["bearer"].to_numpy(), pairs["bearer_other"].to_numpy())
    one, other = (pairs.loc[clash, column].to_numpy(np.int64) for column in ("name", "name_other"))
    return name, np.sort(np.r_[one << 32 | other, other << 32 | one])
