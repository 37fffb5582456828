"""Learning the model without labels: u from random pairs, m by EM on pattern counts, term frequencies counted in
persons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from resolution.classify.patterns import PatternCounts

if TYPE_CHECKING:
    from resolution.compare.features import LevelFeature
    from resolution.standardise.columns import Column, Standardised

Floats = npt.NDArray[np.float64]
PAIRED = 50_000
"""Records of which random pairs are drawn."""


class PairSpace:
    """All pairs that could be linked: none within a source free of duplicates, none with an excluded record."""

    def __init__(self, std: Standardised, duplicate_free: npt.NDArray[np.bool_] | None) -> None:
        self.std = std
        self.usable = ~std.excluded if std.excluded is not None else np.ones(std.n, bool)
        # Group 0: records whose source may hold duplicates; otherwise one group per duplicate-free source.
        self.group = np.full(std.n, -1, np.int32)
        if duplicate_free is not None and std.source is not None:
            free = (std.source.codes >= 0) & duplicate_free[std.source.codes]
            self.group = np.where(free, std.source.codes, np.int32(-1))

    def allowed(self, left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Whether the two records could be one person as far as sources go."""
        return (
            ~((self.group[left] >= 0) & (self.group[left] == self.group[right]))
            & self.usable[left]
            & self.usable[right]
        )

    @property
    def has_rules(self) -> bool:
        return bool((self.group >= 0).any()) or not self.usable.all()

    def pairs(self, mask: npt.NDArray[np.bool_] | None = None) -> int:
        """Number of allowed pairs among the (masked) records."""
        chosen = self.usable if mask is None else self.usable & mask
        group = self.group[chosen]
        inside = np.bincount(group[group >= 0]).astype(np.int64) if (group >= 0).any() else np.zeros(1, np.int64)
        n = int(chosen.sum())
        return n * (n - 1) // 2 - int((inside * (inside - 1) // 2).sum())

    def equal_pairs(self, column: Column) -> int:
        """Number of allowed pairs with the same value of a column."""
        known = (column.codes >= 0) & self.usable
        count = np.bincount(column.codes[known]).astype(np.int64)
        total = int((count * (count - 1) // 2).sum())
        inside = known & (self.group >= 0)
        if inside.any():
            packed = (column.codes[inside].astype(np.int64) << 32) | self.group[inside]
            count = np.unique(packed, return_counts=True)[1]
            total -= int((count * (count - 1) // 2).sum())
        return total

    def random_pairs(self, size: int, seed: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Allowed pairs drawn at random; all of them when there are no more than `size`. Independent of the
        records' order.

        Of very many records a sample is paired: what is made per value (a string, its length) then stays cheap.
        """
        n = self.std.n
        if n < 2:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        if n * (n - 1) // 2 <= size:
            left, right = (a.astype(np.int32) for a in np.triu_indices(n, 1))
        else:
            order = np.argsort(self.std.identity, kind="stable")[:PAIRED].astype(np.int32)
            drawn = np.random.default_rng(seed).integers(0, len(order), (2, size))
            a, b = order[drawn[0]], order[drawn[1]]
            left, right = np.minimum(a, b), np.maximum(a, b)
        good = (left != right) & self.allowed(left, right)
        return left[good], right[good]


def level_totals(space: PairSpace, features: Sequence[LevelFeature], random: PatternCounts) -> list[Floats]:
    """Estimated number of allowed pairs in each level (0 for missing) over the whole pair space, per feature."""
    levels, count = random.levels, random.count
    drawn = max(int(count.sum()), 1)
    everything = space.pairs()
    totals = []
    for i, feature in enumerate(features):
        seen = np.bincount(levels[:, i], count, len(feature.labels)).astype(np.float64) * (everything / drawn)
        column = space.std.columns[feature.column]
        known = space.pairs(column.codes >= 0)
        exact = space.equal_pairs(column)
        rest = seen[1 : feature.top].sum()
        # The number of equal pairs is known exactly; the sample only tells how the unequal ones divide.
        seen[feature.top] = exact
        seen[1 : feature.top] *= (known - exact) / rest if rest else 0.0
        seen[0] = 0.0
        totals.append(seen)
    return totals


def sampling_noise(totals: Sequence[Floats], everything: int, drawn: int) -> list[Floats]:
    """Half a standard error of each level's estimated number of pairs; none for the top level, which is counted.

    Levels in which hardly any strangers fall are, in a sample, all noise: matches and what is left of them when the
    expected matches are taken out. No level may seem rarer among strangers than the sample can tell.
    """
    scale = everything / max(drawn, 1)
    noise = [0.5 * max(scale - 1.0, 0.0) * np.sqrt(total / max(scale, 1e-12) + 1.0) for total in totals]
    for one in noise:
        one[0] = one[-1] = 0.0
    return noise
