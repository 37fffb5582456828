"""Careful clustering in plain Python, as slow as it is easy to read: what the compiled kernel must equal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from resolution.careful import MOST_NAMES, CarefulInput


@dataclass
class _Group:
    """A growing cluster."""

    members: list[int]
    atoms: int = 1  # groups of records joined by certain evidence; bridges are judged between these
    accounts: dict[int, set[int]] = field(default_factory=dict)
    births: set[int] = field(default_factory=set)
    names: set[int] = field(default_factory=set)  # codes of known full names
    apart: set[int] = field(default_factory=set)  # records that must stay outside


def birth_days_clash(a: int, b: int) -> bool:
    """Two dates (year*10000 + month*100 + day) that cannot be one person's.

    One differing part, or day and month exchanged, is how the same date is mistyped; two differing parts are two
    people.
    """
    if a == b:
        return False
    year_a, month_a, day_a = a // 10000, a // 100 % 100, a % 100
    year_b, month_b, day_b = b // 10000, b // 100 % 100, b % 100
    if year_a == year_b and month_a == day_b and day_a == month_b:
        return False
    return (year_a != year_b) + (month_a != month_b) + (day_a != day_b) >= 2


def reference_merges(given: CarefulInput) -> np.ndarray:
    """Pairs whose joining gives the clusters: int64[k, 2] (a spanning forest of them)."""
    return np.array(_Forest(given).grow(), dtype=np.int64).reshape(-1, 2)


class _Forest:
    def __init__(self, given: CarefulInput) -> None:
        self.given = given
        self.root: dict[int, int] = {}
        self.group: dict[int, _Group] = {}
        self.partners: dict[int, list[int]] = defaultdict(list)  # by probable evidence
        self.atom: dict[int, int] = {}
        self.unlike: dict[tuple[int, int], bool] = {}  # codes of two names, lower first
        self._prepare()

    def _prepare(self) -> None:
        given = self.given
        nodes: np.ndarray = np.unique(np.concatenate([given.left, given.right, given.must.ravel()]))
        for node in nodes.tolist():
            self.root[node] = node
            self.atom[node] = node
            self.group[node] = _Group([node])
        if given.birth_day is not None:
            days = given.birth_day[nodes]
            for node, day in zip(nodes[days > 0].tolist(), days[days > 0].tolist(), strict=True):
                self.group[node].births.add(day)
        if given.names is not None:
            names = given.names.name[nodes]
            for node, name in zip(nodes[names >= 0].tolist(), names[names >= 0].tolist(), strict=True):
                self.group[node].names.add(name)
            self._compare_names(nodes)
        if given.accounts is not None and len(given.accounts):
            held = given.accounts[given.accounts["position"].isin(nodes)]
            for position, namespace, value in zip(
                held["position"].tolist(), held["namespace"].tolist(), held["value"].tolist(), strict=True
            ):
                self.group[position].accounts.setdefault(namespace, set()).add(value)
        if given.source is not None:
            sources = given.source[nodes]
            for node, source in zip(nodes[sources >= 0].tolist(), sources[sources >= 0].tolist(), strict=True):
                # A duplicate-free source is an account namespace in which every record is its own value.
                self.group[node].accounts.setdefault(-1 - source, set()).add(node)
        for a, b in given.cannot.tolist():
            if a in self.root and b in self.root:
                self.group[a].apart.add(b)
                self.group[b].apart.add(a)
        probable = ~given.is_certain
        for a, b in zip(given.left[probable].tolist(), given.right[probable].tolist(), strict=True):
            self.partners[a].append(b)
            self.partners[b].append(a)

    def grow(self) -> list[tuple[int, int]]:
        given = self.given
        merges: list[tuple[int, int]] = []
        for a, b in given.must.tolist():
            if self.root[a] != self.root[b]:
                self._join(a, b, same_atom=True)
                merges.append((a, b))
        order = np.lexsort((given.right, given.left, -given.weight, ~given.is_certain))
        strong, across = round(given.strong_weight * 1000), round(given.across_names * 1000)
        for a, b, weight, certain in zip(
            given.left[order].tolist(),
            given.right[order].tolist(),
            given.weight[order].tolist(),
            given.is_certain[order].tolist(),
            strict=True,
        ):
            first, second = self.root[a], self.root[b]
            if first == second:
                continue
            if self._contradicts(a, b):
                continue
            if weight < across and self._names_clash(first, second):
                continue
            if certain or weight >= strong or self._is_dense(a, b):
                self._join(a, b, same_atom=certain)
                merges.append((a, b))
        return merges

    def _join(self, a: int, b: int, *, same_atom: bool) -> None:
        first, second = self.root[a], self.root[b]
        if len(self.group[first].members) < len(self.group[second].members):
            first, second = second, first
        keep, gone = self.group[first], self.group.pop(second)
        for node in gone.members:
            self.root[node] = first
        if same_atom:
            # Certain evidence comes first, so both sides are whole atoms here.
            name = self.atom[keep.members[0]]
            for node in gone.members:
                self.atom[node] = name
        else:
            keep.atoms += gone.atoms
        keep.members.extend(gone.members)
        for namespace, values in gone.accounts.items():
            keep.accounts.setdefault(namespace, set()).update(values)
        keep.births |= gone.births
        keep.names |= gone.names
        keep.apart |= gone.apart

    def _contradicts(self, a: int, b: int) -> bool:
        left, right = self.group[self.root[a]], self.group[self.root[b]]
        if len(left.members) < len(right.members):
            left, right = right, left
        if len(left.members) + len(right.members) > self.given.max_size:
            return True
        if left.apart and right.apart and any(node in left.apart for node in right.members):
            return True
        for namespace, values in right.accounts.items():
            other = left.accounts.get(namespace)
            # A decision may have joined two values; then either of them may come again, but no third.
            if other is not None and not (values <= other or other <= values):
                return True
        return any(birth_days_clash(x, y) for x in left.births for y in right.births)

    def _names_clash(self, first: int, second: int) -> bool:
        """Whether both groups have given names, and no name of one can be a name of the other."""
        left, right = self.group[first].names, self.group[second].names
        if not left or not right or not left.isdisjoint(right):
            return False
        return all(self._unlike(a, b) for a in left for b in right)

    def _unlike(self, a: int, b: int) -> bool:
        return self.unlike.get((a, b) if a < b else (b, a), False)

    def _compare_names(self, nodes: np.ndarray) -> None:
        """Which names of one component cannot be one person's: all pairs of distinct names at once."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        names = self.given.names
        assert names is not None
        pairs_of = np.r_[np.c_[self.given.left, self.given.right], self.given.must].astype(np.int64)
        place = np.searchsorted(nodes, pairs_of.ravel()).reshape(-1, 2)
        ones = np.ones(len(pairs_of), np.int8)
        graph = coo_matrix((ones, (place[:, 0], place[:, 1])), shape=(int(nodes.size), int(nodes.size)))
        part = connected_components(graph, directed=False)[1].astype(np.int64)
        table = pd.DataFrame({"part": part, "name": names.name[nodes], "bearer": nodes})
        table = table[table["name"] >= 0].drop_duplicates(["part", "name"])
        # Where hundreds of names hang together, the limits on size and density decide; a pair not compared is no clash.
        table = table[table.groupby("part").cumcount() < MOST_NAMES]
        pairs = table.merge(table, on="part", suffixes=("", "_other"))
        pairs = pairs[pairs["name"] < pairs["name_other"]].drop_duplicates(["name", "name_other"])
        clash: np.ndarray = names.clash(pairs["bearer"].to_numpy(), pairs["bearer_other"].to_numpy())
        for one, other in pairs.loc[clash, ["name", "name_other"]].itertuples(index=False, name=None):
            self.unlike[one, other] = True

    def _is_dense(self, a: int, b: int) -> bool:
        """Whether the two groups are more than a weak bridge apart.

        Either enough of the atom pairs between them carry evidence, or the smaller side is one atom and joins a hub: an
        atom that most of the larger side hangs on (a full record between sparse ones). The end of a chain is no hub.
        """
        left, right = self.group[self.root[a]], self.group[self.root[b]]
        possible = left.atoms * right.atoms
        if possible <= 3:
            return True
        if len(left.members) > len(right.members):
            left, right = right, left
            a, b = b, a
        target = self.root[b]
        cross = {
            (self.atom[node], self.atom[other])
            for node in left.members
            for other in self.partners[node]
            if self.root[other] == target
        }
        if len(cross) >= self.given.min_density * possible:
            return True
        if min(left.atoms, right.atoms) > 1:
            return False
        hub, around = (b, right) if left.atoms == 1 else (a, left)
        name, home = self.atom[hub], self.root[hub]
        nodes = [node for node in around.members if self.atom[node] == name]
        near = {self.atom[o] for node in nodes for o in self.partners[node] if self.root.get(o) == home} - {name}
        return 2 * len(near) >= around.atoms - 1
