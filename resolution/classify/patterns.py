"""Counts of distinct level patterns: all that learning needs to know about the pairs, whatever their number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resolution.compare.kernels import Levels

EXACT = 15
"""Up to so many features a pattern fits one integer as it is (four bits each); longer ones are told apart by a hash."""

MOST_COMPARED = 15
"""More comparisons are refused before any work is done: planning passes for two dozen attributes takes minutes."""


def pack(levels: Levels) -> npt.NDArray[np.int64]:
    """One integer per pair, equal for equal patterns and, up to hash collisions beyond EXACT features, only for these.

    levels: uint8[pairs, features], each below 16.
    """
    packed = np.zeros(len(levels), np.int64)
    if levels.shape[1] <= EXACT:
        for i in range(levels.shape[1]):
            packed = (packed << 4) | levels[:, i]
        return packed
    state = packed.view(np.uint64)
    for i in range(levels.shape[1]):  # splitmix64 (Steele, Lea & Flood 2014), one round per feature
        state += levels[:, i] + np.uint64(1)
        state *= np.uint64(0x9E3779B97F4A7C15)
        state ^= state >> np.uint64(29)
        state *= np.uint64(0xBF58476D1CE4E5B9)
        state ^= state >> np.uint64(32)
    return state.view(np.int64)


@dataclass
class PatternCounts:
    """Distinct patterns with the number of pairs of each, added up chunk by chunk.

    packed: int64[patterns], ascending; levels: uint8[patterns, features]; count: int64[patterns].
    """

    features: int
    packed: npt.NDArray[np.int64]
    levels: Levels
    count: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, features: int) -> PatternCounts:
        return cls(features, np.empty(0, np.int64), np.empty((0, features), np.uint8), np.empty(0, np.int64))

    def add(self, levels: Levels) -> None:
        """Count the patterns of one chunk of pairs."""
        import pandas as pd

        code, packed = pd.factorize(pack(levels))
        holder = np.empty(len(packed), np.int64)
        holder[code] = np.arange(len(code))  # any pair with the pattern
        count = np.bincount(code, minlength=len(packed))
        merged, kept, inverse = np.unique(np.concatenate([self.packed, packed]), return_index=True, return_inverse=True)
        self.levels = np.concatenate([self.levels, levels[holder]])[kept]
        both = np.concatenate([self.count, count])
        self.count = np.bincount(inverse, both, len(merged)).astype(np.int64)
        self.packed = merged
