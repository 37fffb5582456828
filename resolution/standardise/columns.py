"""Dictionary-encoded columns: the form in which everything after standardisation sees the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Column:
    """One standardised attribute. `codes` int32[n] index into `values` (sorted, distinct strings); -1 is missing.

    Values are sorted so that codes do not depend on the order of the records.
    """

    codes: Codes
    values: npt.NDArray[np.object_]
    facts: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What comparisons derived from the distinct values, by name."""

    def fact(self, name: str, make: Callable[[npt.NDArray[np.object_]], Any]) -> Any:
        """`make(values)`, computed once per column: what is derived per value must not be derived per pair."""
        if name not in self.facts:
            self.facts[name] = make(self.values)
        return self.facts[name]

    @classmethod
    def encode(cls, series: pl.Series) -> Column:
        """Encode a string series; null is missing."""
        import polars as pl

        distinct = series.drop_nulls().unique().sort()
        if len(distinct) == 0:
            return cls(np.full(len(series), -1, np.int32), np.empty(0, object))
        physical = series.cast(pl.Enum(distinct)).to_physical()
        codes = physical.cast(pl.Int32).fill_null(-1).to_numpy().astype(np.int32, copy=False)
        return cls(codes, distinct.to_numpy())

    def series(self) -> pl.Series:
        """The distinct values as a string series, in the order of the codes."""
        import polars as pl

        return pl.Series("value", self.values, dtype=pl.String)

    def derive(self, mapped: pl.Series) -> Column:
        """The column with each distinct value replaced by `mapped` (as long as `values`; null = missing)."""
        inner = Column.encode(mapped)
        codes = np.full(len(self.codes), -1, np.int32)
        known = self.codes >= 0
        codes[known] = inner.codes[self.codes[known]]
        return Column(codes, inner.values)

    def counts(self) -> npt.NDArray[np.int64]:
        """Records per distinct value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    def without(self, mask: npt.NDArray[np.bool_]) -> Column:
        """The column with the values of the masked records missing. Distinct values stay, possibly unused."""
        return Column(np.where(mask, np.int32(-1), self.codes), self.values)


@dataclass(frozen=True)
class Standardised:
    """All records, standardised. Position i means the i-th record given."""

    n: int
    record_ids: npt.NDArray[np.object_]
    columns: dict[str, Column]
    source: Column | None = None
    excluded: npt.NDArray[np.bool_] | None = None
    report: dict[str, int] = field(default_factory=dict)

    def take(self, positions: npt.NDArray[np.integer]) -> Standardised:
        """The records at `positions`, sharing the distinct values."""
        columns = {k: Column(c.codes[positions], c.values, c.facts) for k, c in self.columns.items()}
        source = Column(self.source.codes[positions], self.source.values) if self.source else None
        excluded = None if self.excluded is None else self.excluded[positions]
        return Standardised(len(positions), self.record_ids[positions], columns, source, excluded)
