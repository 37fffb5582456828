"""Dictionary-encoded columns: the form in which everything after standardisation sees the records.

Values stay in polars (Arrow memory); Python strings are made only of the values that somebody asks for, since millions
of string objects fit no machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

Codes = npt.NDArray[np.int32]
HASH_SEED = 20
HASHED_AT_ONCE = 500_000
"""Values turned into Python strings at a time when stable hashes are made."""


def stable_hashes(text: pl.Series) -> npt.NDArray[np.uint64]:
    """64-bit hash of each string, the same for ever: SipHash as pandas computes it. For keys that are stored."""
    from pandas.util import hash_array

    found = np.empty(len(text), np.uint64)
    for begin in range(0, len(text), HASHED_AT_ONCE):
        part = text.slice(begin, HASHED_AT_ONCE).to_numpy()
        found[begin : begin + len(part)] = hash_array(part, categorize=False)
    return found


@dataclass(frozen=True)
class Column:
    """One standardised attribute. `codes` int32[n] index into the distinct values; -1 is missing.

    text: the distinct values as a polars String series, in the order of a hash of the value, so that of two values the
    same one comes first whatever else the records hold.
    """

    codes: Codes
    text: pl.Series
    facts: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What comparisons derived from the distinct values, by name."""

    @property
    def size(self) -> int:
        """Number of distinct values."""
        return len(self.text)

    @property
    def values(self) -> npt.NDArray[np.object_]:
        """The distinct values as Python strings, object[size]. Made anew at every call: take them once, or a part of
        them by `pick`.
        """
        return self.text.to_numpy() if self.size else np.empty(0, object)

    def pick(self, codes: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.object_]:
        """The values of some codes (none missing) as Python strings."""
        return self.text.gather(codes).to_numpy() if len(codes) else np.empty(0, object)

    def spread(self, codes: Codes) -> pl.Series:
        """The value of each code, null for -1."""
        import polars as pl

        index = pl.Series(codes)
        return self.text.gather(pl.select(pl.when(index >= 0).then(index)).to_series())

    def strings(self) -> npt.NDArray[np.object_]:
        """`values`, kept for the next caller: for columns of which many values are compared."""
        if "strings" not in self.facts:
            self.facts["strings"] = self.values
        kept: npt.NDArray[np.object_] = self.facts["strings"]
        return kept

    def fact(self, name: str, make: Callable[[pl.Series], Any]) -> Any:
        """`make(text)`, computed once per column: what is derived per value must not be derived per pair."""
        if name not in self.facts:
            self.facts[name] = make(self.text)
        return self.facts[name]

    def hashes(self, codes: npt.NDArray[np.integer[Any]] | None = None) -> npt.NDArray[np.uint64]:
        """Stable 64-bit hash of each distinct value, or of those of some codes: SipHash as pandas computes it."""
        if codes is not None and "hashes" not in self.facts:
            return stable_hashes(self.text.gather(codes))
        if "hashes" not in self.facts:
            self.facts["hashes"] = stable_hashes(self.text)
        hashes: npt.NDArray[np.uint64] = self.facts["hashes"]
        return hashes if codes is None else hashes[codes]

    @classmethod
    def nothing(cls, n: int) -> Column:
        """A column that is missing for all of n records."""
        import polars as pl

        return cls(np.full(n, -1, np.int32), pl.Series("value", [], dtype=pl.String))

    @classmethod
    def encode(cls, series: pl.Series) -> Column:
        """Encode a string series; null is missing."""
        import pandas as pd
        import polars as pl

        series = series.rename("value") if series.dtype == pl.String else series.cast(pl.String).rename("value")
        if series.null_count() == len(series):
            return cls.nothing(len(series))
        known = None if series.null_count() == 0 else series.is_not_null().to_numpy()
        present = series if known is None else series.drop_nulls()
        found, distinct = pd.factorize(present.hash(HASH_SEED).to_numpy())
        order = np.argsort(distinct)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        codes = rank[found]
        holder = np.empty(len(order), np.int64)
        holder[codes] = np.arange(len(codes))  # any record with the value
        text = present.gather(holder)
        if not text.gather(codes).equals(present):  # two values with one hash: slowly then, by the values themselves
            codes, values = pd.factorize(present.to_numpy(), sort=True)
            codes, text = codes.astype(np.int32), pl.Series("value", values, dtype=pl.String)
        if known is None:
            return cls(codes, text)
        everyone = np.full(len(series), -1, np.int32)
        everyone[known] = codes
        return cls(everyone, text)

    def series(self) -> pl.Series:
        """The distinct values as a string series, in the order of the codes."""
        return self.text

    def derive(self, mapped: pl.Series) -> Column:
        """The column with each distinct value replaced by `mapped` (as long as `values`; null = missing)."""
        inner = Column.encode(mapped)
        return Column(np.append(inner.codes, np.int32(-1))[self.codes], inner.text)

    def counts(self) -> npt.NDArray[np.int64]:
        """Records per distinct value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=self.size)

    def without(self, mask: npt.NDArray[np.bool_]) -> Column:
        """The column with the values of the masked records missing. Distinct values stay, possibly unused."""
        return Column(np.where(mask, np.int32(-1), self.codes), self.text, self.facts)

    def take(self, positions: npt.NDArray[np.integer[Any]]) -> Column:
        """The column of some records, sharing the distinct values and their facts."""
        return Column(self.codes[positions], self.text, self.facts)

    def among(
        self, a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]
    ) -> tuple[Column, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(column, a, b) for pairs of codes: with the values in use only when these are few, else as it is.

        What is then derived per value is derived of what is compared, not of all the records hold.
        """
        used = np.zeros(self.size, bool)
        used[a] = True
        used[b] = True
        count = int(used.sum())
        if 2 * count >= self.size:
            return self, a, b
        place = np.cumsum(used) - 1
        chosen = np.flatnonzero(used)
        return Column(np.empty(0, np.int32), self.text.gather(chosen)), place[a], place[b]


class Columns(Mapping[str, Column]):
    """Columns by name. Derived ones (a mailbox's base, a street) are made when somebody asks for them first."""

    def __init__(self, made: Mapping[str, Column] | None = None) -> None:
        self._made: dict[str, Column] = dict(made or {})
        self._later: dict[str, Callable[[], Mapping[str, Column]]] = {}
        self._order: list[str] = list(self._made)

    def add(self, name: str, column: Column) -> None:
        """Add a column, or put another in its place."""
        if name not in self._order:
            self._order.append(name)
        self._made[name] = column

    def add_later(self, names: tuple[str, ...], make: Callable[[], Mapping[str, Column]]) -> None:
        """Columns that `make` will return together."""
        self._order.extend(names)
        self._later.update(dict.fromkeys(names, make))

    @property
    def made(self) -> Mapping[str, Column]:
        """The columns that exist already."""
        return self._made

    def __getitem__(self, name: str) -> Column:
        if name not in self._made:
            self._made.update(self._later[name]())
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._made or name in self._later

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)

    def map(self, change: Callable[[Column], Column]) -> Columns:
        """Every column changed in the same way; derived ones when they are asked for."""
        result = Columns()
        for name in self._order:
            if name in self._made:
                result.add(name, change(self._made[name]))
            else:
                result.add_later((name,), lambda name=name: {name: change(self[name])})  # type: ignore[misc]
        return result


@dataclass(frozen=True)
class Standardised:
    """All records, standardised. Position i means the i-th record given.

    ids: the record ids as a polars String series.
    """

    n: int
    ids: pl.Series
    columns: Mapping[str, Column]
    source: Column | None = None
    excluded: npt.NDArray[np.bool_] | None = None
    report: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was derived from distinct values of several columns, by name; shared by all parts of the records."""

    @property
    def record_ids(self) -> npt.NDArray[np.object_]:
        """The record ids as Python strings, object[n]. Made anew at every call."""
        return self.ids.to_numpy() if self.n else np.empty(0, object)

    @cached_property
    def identity(self) -> npt.NDArray[np.uint64]:
        """Stable 64-bit hash of each record id: what draws samples whatever the order of the records."""
        return stable_hashes(self.ids)

    def take(self, positions: npt.NDArray[np.integer[Any]]) -> Standardised:
        """The records at `positions`, sharing the distinct values."""
        columns = self.columns if isinstance(self.columns, Columns) else Columns(self.columns)
        return Standardised(
            len(positions),
            self.ids.gather(positions),
            columns.map(lambda column: column.take(positions)),
            self.source.take(positions) if self.source else None,
            None if self.excluded is None else self.excluded[positions],
            facts=self.facts,
        )
