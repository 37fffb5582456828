"""Candidate pairs that cannot reach a match weight are dropped before their costly comparisons are made.

Nearly all candidates of wide blocking passes are strangers. What agrees exactly is known from codes alone; where values
differ, the best level below `same` bounds what the comparison can still give. Attributes are then compared one after
the other, those that tell strangers apart most cheaply first, and a pair is dropped as soon as the bound of its weight
falls below the least that is asked. The bound never lies below the weight, so what is kept is what would be kept
without sifting.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from resolution.classify.fellegi_sunter import FellegiSunter
    from resolution.compare.features import LevelFeature
    from resolution.compare.kernels import Levels
    from resolution.standardise.columns import Codes, Standardised

FEWEST = 20_000
"""Fewer pairs are compared at once: sifting would cost as much."""
MARGIN = 1e-3
"""Rounding of single precision: a pair that comes so close to the least weight is weighed exactly."""
COSTS = {"BirthDateFeature": 1, "DateFeature": 1, "ExactFeature": 1, "NumberFeature": 1, "PostcodeFeature": 2}
COSTS |= {"PhoneFeature": 2, "IdFeature": 2, "EmailFeature": 3}
"""Rough cost of comparing unequal values, by kind of comparison."""
SAMPLE = 50_000
"""Pairs of which the best order of the attributes is learned."""
TEXT = 4
"""The cost of all others, which are text."""


class Sieve:
    """Drops pairs of `std` that cannot weigh `least` (log2 odds) under a model."""

    def __init__(
        self,
        std: Standardised,
        features: Sequence[LevelFeature],
        classifier: FellegiSunter,
        implied: Sequence[tuple[int, int]],
        least: float,
    ) -> None:
        self.std, self.features, self.classifier = std, features, classifier
        self.least = np.float32(least - MARGIN)
        coarse = {place for _, place in implied}
        self.hopes = [_hopes(classifier.tables[i], f, i in coarse) for i, f in enumerate(features)]
        """Per attribute and level, float32: the most that the level can add in the end."""
        self.best = np.array([hope[1:-1].max(initial=hope[1]) for hope in self.hopes], np.float32)
        """Per attribute: the most that unequal values can add (a swap of names aside)."""
        self._may_vanish = np.array([i in coarse for i in range(len(features))], bool)
        labels = [f.label for f in features]
        both = "given_name" in labels and "family_name" in labels
        self._given = labels.index("given_name") if both else -1
        if both:  # pairs with swapped names are told by their codes, and kept
            self.best[self._given] = self.hopes[self._given][1:-2].max()
        self._changes = []
        for hope, best in zip(self.hopes, self.best, strict=True):
            change = hope - best
            change[[0, -1]] = 0.0  # known from the codes
            self._changes.append(change)
        self._order: list[int] = []
        self._one_at_a_time = Lock()

    def sift(self, left: Codes, right: Codes) -> tuple[Codes, Codes, Levels]:
        """The pairs that may weigh enough, in the order given, and the levels of their attributes, each by itself
        (uint8[pairs, attributes], one attribute after the other in memory; `compare.settle` comes next).
        """
        from resolution.compare import compiled, fast

        known: dict[int, Levels] = {}
        if len(left) >= FEWEST and (compiled.is_loaded() or len(left) >= fast.MANY):
            with self._one_at_a_time:
                self._order = self._order or self._best_order(left, right)
            hope = _kernel()(left, right, *self._arguments)
            left, right, hope = _only(hope >= self.least, left, right, hope)
            for i in self._order:
                if len(left) < FEWEST:
                    break
                known[i] = fast.levels(self.features[i], self.std, left, right)
                hope += self._changes[i][known[i]]
                left, right, hope, *kept = _only(hope >= self.least, left, right, hope, *known.values())
                known = dict(zip(known, kept, strict=True))
        levels = np.empty((len(left), len(self.features)), np.uint8, order="F")
        for i, feature in enumerate(self.features):
            levels[:, i] = known[i] if i in known else fast.levels(feature, self.std, left, right)
        return left, right, levels

    @cached_property
    def _arguments(self) -> tuple[Any, ...]:
        """What the kernel needs beside the pairs: per record a row of codes, so that a pair costs two cache lines."""
        from resolution.compare import family_as_given

        columns = [self.std.columns[feature.column].codes for feature in self.features]
        given = self._given
        columns.append(family_as_given(self.std) if given >= 0 else np.full(self.std.n, -1, np.int32))
        extra, start = [np.zeros(0, np.float32)], []
        for i, feature in enumerate(self.features):
            values = (
                self.classifier.value_weights(i, self.std.columns[feature.column]) if feature.term_frequency else None
            )
            start.append(-1 if values is None else sum(map(len, extra)))
            extra.extend([] if values is None else [values])
        same = np.array([hope[-1] for hope in self.hopes], np.float32)
        return (
            np.ascontiguousarray(np.stack(columns, axis=1)),
            np.float32(self.classifier.prior_weight),
            same,
            self.best,
            self._may_vanish,
            (np.concatenate(extra), np.array(start, np.int64)),
            given,
        )

    def _best_order(self, left: Codes, right: Codes) -> list[int]:
        """Attributes in the order in which they drop most of these pairs at the least cost, chosen one by one."""
        from resolution.compare import fast

        drawn = slice(None, None, max(len(left) // SAMPLE, 1))
        left, right = left[drawn], right[drawn]
        hope = _kernel()(left, right, *self._arguments)
        changes = {
            i: self._changes[i][fast.levels(feature, self.std, left, right)] for i, feature in enumerate(self.features)
        }
        order: list[int] = []
        while changes:
            hope, *rest = _only(hope >= self.least, hope, *changes.values())
            changes = dict(zip(changes, rest, strict=True))
            use = {i: self._use(i, hope, change) for i, change in changes.items()}
            order.append(max(use, key=lambda i: (use[i], -i)))
            hope = hope + changes.pop(order[-1])
        return order

    def _use(self, i: int, hope: npt.NDArray[np.float32], change: npt.NDArray[np.float32]) -> float:
        """Pairs dropped at once, and a little for hope that is lost without dropping a pair yet, by cost."""
        after = hope + change
        dropped = float((after < self.least).sum()) - 0.01 * float(np.where(np.isinf(after), 0, change).sum())
        return dropped / COSTS.get(type(self.features[i]).__name__, TEXT)


def _hopes(table: npt.NDArray[np.float64], feature: LevelFeature, implied: bool) -> npt.NDArray[np.float32]:
    """The most that each level can add, where later rules may take an agreement back."""
    from resolution.compare.features import EmailFeature

    hope = table.copy()
    if implied:
        hope[2:] = np.maximum(hope[2:], 0.0)
    if isinstance(feature, EmailFeature):
        hope[2:-2] = np.maximum(hope[2:-2], max(hope[1], 0.0))
    return hope.astype(np.float32)


@cache
def _kernel() -> Any:
    from resolution.forest import compiled

    return compiled(_best_weights)


def _only(good: npt.NDArray[np.bool_], *arrays: Any) -> list[Any]:
    return list(arrays) if good.all() else [array[good] for array in arrays]


def _best_weights(
    left: np.ndarray,
    right: np.ndarray,
    codes: np.ndarray,
    prior: float,
    same: np.ndarray,
    best: np.ndarray,
    may_vanish: np.ndarray,
    values: tuple[np.ndarray, np.ndarray],
    given: int,
) -> np.ndarray:
    """The most that each pair can weigh, float32, as far as equal codes tell; infinite where names are swapped.

    codes int32[records, attributes + 1]: codes of the attributes, and the family name's as a code of given names (-1
    missing, -2 none). same, best float32[attributes]: the most that equal and unequal values add; may_vanish: whether
    an agreement may be taken back. values: what single values add (float32), and where each attribute's begin (-1: it
    has none). given: place of the given name (-1: names cannot be
    swapped).
    """
    value_weight, start = values
    attributes = codes.shape[1] - 1
    hope = np.empty(len(left), np.float32)
    for i in range(len(left)):
        x, y = left[i], right[i]
        total = prior
        for k in range(attributes):
            a, b = codes[x, k], codes[y, k]
            if a < 0 or b < 0:
                continue
            if a != b:
                total += best[k]
                continue
            added = same[k]
            if start[k] >= 0:
                added += value_weight[start[k] + a]
            total += max(added, np.float32(0.0)) if may_vanish[k] else added
        if given >= 0:
            first_x, first_y = codes[x, given], codes[y, given]
            last_x, last_y = codes[x, attributes], codes[y, attributes]
            one = first_x >= 0 and first_x == last_y
            two = first_y >= 0 and first_y == last_x
            if (one and (two or first_y < 0 or last_x == -1)) or (two and (first_x < 0 or last_y == -1)):
                total = np.inf
        hope[i] = total
    return hope
