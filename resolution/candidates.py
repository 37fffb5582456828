"""Candidate pairs of some blocking passes: all that may be linked, in chunks, and a sample to learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from resolution.blocking import Pass
from resolution.classify.learning import PairSpace
from resolution.config import MatchConfig
from resolution.index import lay_blocks
from resolution.standardise.columns import Standardised

Positions = npt.NDArray[np.int32]
Levels = npt.NDArray[np.uint8]
Part = tuple[Positions, Positions, Levels]
"""Some pairs with their levels."""
KEPT_BYTES = 600_000_000
"""Pairs are kept from learning until scoring as long as they fit this; so are levels, where all were compared."""
PAIR_BYTES = 8


def pair_space(std: Standardised, config: MatchConfig) -> PairSpace:
    """The pairs that may be linked, given the sources that are free of duplicates."""
    free = None
    if std.source is not None and config.duplicate_free_sources:
        if config.duplicate_free_sources == "all":
            free = np.ones(std.source.size, bool)
        else:
            free = np.isin(std.source.values.astype(str), list(config.duplicate_free_sources))
    return PairSpace(std, free)


class Candidates:
    """The allowed candidate pairs of some passes, and their levels once all have been compared."""

    def __init__(self, std: Standardised, config: MatchConfig, passes: Sequence[Pass], reuse: bool = True) -> None:
        """reuse: keep what is made while learning, for scoring."""
        self.std, self.config, self.reuse = std, config, reuse
        self.space = pair_space(std, config)
        self.blocks = lay_blocks(std, passes, config)
        self.total = int(self.blocks.pairs_from().sum())
        """Pairs before those that several passes make are counted once."""
        self.compared: list[Part] | None = None
        self._pairs: list[tuple[Positions, Positions]] | None = None

    def chunks(self) -> Iterator[tuple[Positions, Positions]]:
        """(left, right) of all pairs, in the same chunks at every call."""
        if self._pairs is not None:
            yield from self._pairs
            return
        for left, right in self.blocks.chunks(self.config.chunk_pairs):
            if self.space.has_rules:
                good = self.space.allowed(left, right)
                left, right = left[good], right[good]
            if len(left):
                yield left, right

    def learning_pairs(self, compare: Callable[[Positions, Positions], Levels]) -> tuple[list[Part], float]:
        """Compared pairs to learn from, and which share of the candidates they are.

        Of more than `train_pairs` a sample, whose choice depends on record ids, not on their order: the rest is
        compared once there is a model, which knows after a few comparisons that most pairs are strangers.
        """
        if self.total <= self.config.train_pairs:
            found = [(left, right, compare(left, right)) for left, right in self.chunks()]
            fits = self.total * (len(self.config.attributes) + PAIR_BYTES + 2) <= KEPT_BYTES
            self.compared = found if self.reuse and fits else None
            return found, 1.0
        share = self.config.train_pairs / self.total
        keep = self.reuse and self.total * PAIR_BYTES <= KEPT_BYTES
        pairs, found = [], []
        for left, right in self.chunks():
            if keep:
                pairs.append((left, right))
            drawn = self._drawn(left, right, share)
            left, right = left[drawn], right[drawn]
            found.append((left, right, compare(left, right)))
        self._pairs = pairs if keep else None
        return found, share

    def _drawn(self, left: Positions, right: Positions, share: float) -> npt.NDArray[np.bool_]:
        limit = np.uint64(share * float(2**64 - 1))
        identity = self.std.identity
        drawn: npt.NDArray[np.bool_] = (identity[left] ^ identity[right]) * np.uint64(0x9E3779B97F4A7C15) <= limit
        return drawn
