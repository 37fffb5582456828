"""How many persons, not records, share a value: a name seen six times because one person has six records is a rare
name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from resolution.standardise.columns import Codes, Column

MAX_LISTED = 20_000
POOLED = 20


class FrequencyCounter:
    """Expected matching pairs per value of one column, added up over the candidate pairs."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.matched = np.zeros(column.size)

    def add(self, codes: Codes, posterior: npt.NDArray[np.float64]) -> None:
        """codes: shared value per pair, -1 = none."""
        shared = codes >= 0
        self.matched += np.bincount(codes[shared], posterior[shared], len(self.matched))

    def result(self, sampled: float = 1.0) -> tuple[dict[int, float], float | None]:
        """({hash of value: share of persons}, share of a value not listed). Listed are the MAX_LISTED most common
        values.

        If c records of a value belong to k persons evenly, a share (c/k - 1)/(c - 1) of its pairs match; solved for k.
        """
        count = self.column.counts().astype(np.float64)
        if not len(count) or count.sum() == 0:
            return {}, None
        pairs = np.maximum(count * (count - 1) / 2, 1.0)
        share = np.clip(self.matched / sampled / pairs, 0.0, 1.0)
        if sampled < 1.0:
            # A sample tells little about one rare value: values with the same number of records are taken together.
            size = np.minimum(count, POOLED).astype(np.int64)
            pooled = np.bincount(size, self.matched / sampled) / np.maximum(np.bincount(size, pairs), 1.0)
            share = np.where(count < POOLED, np.clip(pooled[size], 0.0, 1.0), share)
        persons = np.where(count > 0, count / (1.0 + share * np.maximum(count - 1, 0.0)), 0.0)
        # Sums over pairs differ in their last bits with the order of the records; a model must not.
        persons = np.round(persons, 6)
        total = persons.sum()
        common = np.flatnonzero(persons > 1.05)
        listed = common[np.lexsort((common, -persons[common]))][:MAX_LISTED]
        unlisted = count > 0
        unlisted[listed] = False
        rest = np.flatnonzero(unlisted)
        rare = float(persons[rest].mean() / total) if len(rest) else float(1.0 / total)
        hashes = self.column.hashes(listed)
        return {int(h): float(p / total) for h, p in zip(hashes, persons[listed], strict=True)}, rare
