"""Counts of distinct level patterns: all that learning needs to know about the pairs, whatever their number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resolution.compare.kernels import Levels


def pack(levels: Levels) -> npt.NDArray[np.int64]:
    """One integer per pair: four bits per feature (at most 15 features of at most 16 levels fit 60 bits)."""
    packed = np.zeros(len(levels), np.int64)
    for i in range(levels.shape[1]):
        packed = (packed << 4) | levels[:, i]
    return packed


def unpack(packed: npt.NDArray[np.int64], features: int) -> Levels:
    """Inverse of pack."""
    result = np.empty((len(packed), features), np.uint8)
    for i in range(features):
        result[:, i] = (packed >> (4 * (features - 1 - i))) & 15
    return result


@dataclass
class PatternCounts:
    """Distinct patterns with the number of pairs of each, added up chunk by chunk."""

    features: int
    packed: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, features: int) -> PatternCounts:
        return cls(features, np.empty(0, np.int64), np.empty(0, np.int64))

    def add(self, levels: Levels) -> None:
        """Count the patterns of one chunk of pairs."""
        packed, count = np.unique(pack(levels), return_counts=True)
        merged, inverse = np.unique(np.concatenate([self.packed, packed]), return_inverse=True)
        self.count = np.bincount(inverse, np.concatenate([self.count, count]), len(merged)).astype(np.int64)
        self.packed = merged

    @property
    def levels(self) -> Levels:
        return unpack(self.packed, self.features)
