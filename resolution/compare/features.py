"""Comparisons that return levels: 0 = missing on a side, 1 = different, then more and more alike up to the same.

Each class is a recordlinkage `BaseCompareFeature`; its levels are small integers, and a missing value is a level of its own, so that
it can count neither for nor against a match.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from recordlinkage.base import BaseCompareFeature

from resolution.compare import kernels as k
from resolution.compare.kernels import Levels, Values
from resolution.standardise.columns import Codes, Column, Standardised


class LevelFeature(BaseCompareFeature):
    """Base of all level comparisons of one column.

    `levels(std, left, right)` is the fast way over standardised records; `compute(pairs, frame)` is recordlinkage's.
    """

    labels: ClassVar[tuple[str, ...]] = ("missing", "different", "same")
    usual_m: ClassVar[tuple[float, ...]] = (0.1, 0.9)
    """Start of the EM: how often records of one person fall into each level from `different` up."""
    personal: ClassVar[bool] = False
    """Whether relatives under one roof agree on it no more often than strangers."""
    settles: ClassVar[int] = 255
    """Level from which this place settles the larger place around it (255: only `same` does)."""

    def __init__(self, column: str, label: str | None = None, term_frequency: bool = True) -> None:
        super().__init__(column, column, label=label or column)
        self.column = column
        self.term_frequency = term_frequency

    @property
    def top(self) -> int:
        return len(self.labels) - 1

    def levels(self, std: Standardised, left: Codes, right: Codes) -> Levels:
        """Level per pair of positions, uint8."""
        column = std.columns[self.column]
        a, b = column.codes[left], column.codes[right]
        known, equal = k.known_and_equal(a, b)
        result = np.where(known, np.uint8(1), np.uint8(0))
        result[equal] = self.top
        if self.top > 2:
            index, level = k.distinct_levels(column, a, b, known & ~equal, self.unequal)
            result[index] = level
        return result

    def unequal(self, a: Values, b: Values) -> Levels:
        """Levels of distinct pairs of unequal values."""
        return np.ones(len(a), np.uint8)

    def agreeing(self, std: Standardised, left: Codes, right: Codes, levels: Levels) -> tuple[Column, Codes] | None:
        """Column and code of the value shared by each pair at the top level (else -1), for term frequencies."""
        if not self.term_frequency:
            return None
        column = std.columns[self.column]
        return column, np.where(levels == self.top, column.codes[left], np.int32(-1))

    def _compute_vectorized(self, left: Any, right: Any) -> npt.NDArray[np.uint8]:
        """recordlinkage's interface: two Series of values, already cleaned."""
        import polars as pl

        n = len(left)
        both = [None if v is None or v != v or v == "" else str(v) for v in (*left.tolist(), *right.tolist())]
        column = Column.encode(pl.Series(both, dtype=pl.String))
        std = Standardised(2 * n, np.arange(2 * n).astype(object), {self.column: column})
        return self.levels(std, np.arange(n, dtype=np.int32), np.arange(n, 2 * n, dtype=np.int32))


class ExactFeature(LevelFeature):
    """Same or different."""


class StringFeature(LevelFeature):
    """Any text: a typing error, alike, or one inside the other."""

    labels = ("missing", "different", "somewhat alike", "alike", "typo", "same")
    usual_m = (0.06, 0.03, 0.04, 0.07, 0.8)

    def unequal(self, a: Values, b: Values) -> Levels:
        similarity, distance = k.jaro_winkler(a, b), k.edits(a, b, 2)
        short = np.minimum(k.lengths(a), k.lengths(b))
        level = np.ones(len(a), np.uint8)
        level[similarity >= 0.80] = 2
        level[(similarity >= 0.90) | k.one_contains_other(a, b)] = 3
        level[((distance == 1) & (short >= 3)) | ((distance == 2) & (short >= 7))] = 4
        return level


class FamilyNameFeature(StringFeature):
    """Family name."""


class CityFeature(StringFeature):
    """City, suburb, region."""


class GivenNameFeature(LevelFeature):
    """Given name: nicknames, initials, further given names, typing errors; swapped with the family name (see `swap_names`)."""

    personal = True
    labels = (
        "missing",
        "different",
        "somewhat alike",
        "initial",
        "alike",
        "typo",
        "nickname",
        "swapped with family name",
        "same",
    )
    usual_m = (0.06, 0.02, 0.03, 0.04, 0.06, 0.04, 0.03, 0.72)

    def levels(self, std: Standardised, left: Codes, right: Codes) -> Levels:
        from resolution.standardise.names import nickname_pairs

        column = std.columns[self.column]
        a, b = column.codes[left], column.codes[right]
        result = super().levels(std, left, right)
        nicknames = _cached(column, nickname_pairs)
        if len(nicknames):
            unequal = np.flatnonzero((result > 0) & (result < self.top))
            x, y = a[unequal].astype(np.int64), b[unequal].astype(np.int64)
            packed = (np.minimum(x, y) << 32) | np.maximum(x, y)
            place = np.minimum(np.searchsorted(nicknames, packed), len(nicknames) - 1)
            result[unequal[nicknames[place] == packed]] = 6
        return result

    def unequal(self, a: Values, b: Values) -> Levels:
        similarity, distance = k.jaro_winkler(a, b), k.edits(a, b, 2)
        short = np.minimum(k.lengths(a), k.lengths(b))
        level = np.ones(len(a), np.uint8)
        level[similarity >= 0.80] = 2
        level[k.initials_agree(a, b)] = 3
        level[
            ((similarity >= 0.90) & (short > 1)) | (k.first_words(a) == k.first_words(b)) | k.one_contains_other(a, b)
        ] = 4
        level[((distance == 1) & (short >= 3)) | ((distance == 2) & (short >= 7))] = 5
        return level


_CACHE: dict[int, tuple[Any, Any]] = {}


def _cached(column: Column, function: Any) -> Any:
    """One result per dictionary of values: the nickname table of a column is used by every chunk of pairs."""
    key = id(column.values)
    if key not in _CACHE or _CACHE[key][0] is not column.values:
        _CACHE.clear()
        _CACHE[key] = (column.values, function(column))
    return _CACHE[key][1]


class EmailFeature(LevelFeature):
    """E-mail: same address, same mailbox written differently, typing error, same or similar local part."""

    labels = ("missing", "different", "local part alike", "same local part", "typo", "same mailbox", "same")
    usual_m = (0.15, 0.05, 0.05, 0.08, 0.02, 0.65)

    def levels(self, std: Standardised, left: Codes, right: Codes) -> Levels:
        result = super().levels(std, left, right)
        for name, level in ((f"{self.column}_local", 3), (f"{self.column}_base", 5)):
            if name in std.columns:
                codes = std.columns[name].codes
                same = (codes[left] >= 0) & (codes[left] == codes[right]) & (result > 0) & (result < level)
                result[same] = level
        return result

    def unequal(self, a: Values, b: Values) -> Levels:
        locals_a = np.array([v.split("@", 1)[0] for v in a], dtype=object)
        locals_b = np.array([v.split("@", 1)[0] for v in b], dtype=object)
        level = np.ones(len(a), np.uint8)
        short = np.minimum(k.lengths(locals_a), k.lengths(locals_b))
        level[(k.jaro_winkler(locals_a, locals_b) >= 0.9) & (short >= 4)] = 2
        level[k.edits(a, b, 3) <= 2] = 4
        return level


class PhoneFeature(LevelFeature):
    """Phone: same number, same national number written without its country, typing error."""

    labels = ("missing", "different", "typo", "same last digits", "same")
    usual_m = (0.25, 0.05, 0.05, 0.65)

    def unequal(self, a: Values, b: Values) -> Levels:
        level = np.ones(len(a), np.uint8)
        level[k.edits(a, b, 2) <= 1] = 2
        tail_a = np.array([v[-8:] for v in a], dtype=object)
        tail_b = np.array([v[-8:] for v in b], dtype=object)
        level[(tail_a == tail_b) & (np.minimum(k.lengths(a), k.lengths(b)) >= 7)] = 3
        return level


class IdFeature(LevelFeature):
    """Numbers and codes given to one person: same, one or two typing errors."""

    personal = True
    labels = ("missing", "different", "two typos", "typo", "same")
    usual_m = (0.05, 0.02, 0.08, 0.85)

    def unequal(self, a: Values, b: Values) -> Levels:
        distance = k.edits(a, b, 2)
        short = np.minimum(k.lengths(a), k.lengths(b))
        level = np.ones(len(a), np.uint8)
        level[(distance == 2) & (short >= 6)] = 2
        level[(distance == 1) & (short >= 4)] = 3
        return level


class PostcodeFeature(LevelFeature):
    """Postcode: same, typing error, same area."""

    settles = 2
    labels = ("missing", "different", "same area", "typo", "same")
    usual_m = (0.1, 0.05, 0.05, 0.8)

    def unequal(self, a: Values, b: Values) -> Levels:
        level = np.ones(len(a), np.uint8)
        level[k.edits(a, b, 2) <= 1] = 3
        same_area = np.array([x[:-2] == y[:-2] and len(x) > 2 for x, y in zip(a, b, strict=True)], bool)
        level[same_area] = 2
        return level


class AddressFeature(LevelFeature):
    """Address line: same, alike with the same number, same street, alike."""

    labels = ("missing", "different", "somewhat alike", "same street", "alike, same number", "same")
    usual_m = (0.15, 0.05, 0.05, 0.15, 0.6)

    def levels(self, std: Standardised, left: Codes, right: Codes) -> Levels:
        result = super().levels(std, left, right)
        number = std.columns[f"{self.column}_number"].codes
        street = std.columns[f"{self.column}_street"].codes
        middle = (result > 0) & (result < self.top)
        same_number = (number[left] >= 0) & (number[left] == number[right])
        same_street = (street[left] >= 0) & (street[left] == street[right])
        result[middle & same_street & (result < 3)] = 3
        result[middle & same_number & ((result == 3) | same_street)] = 4
        result[middle & ~same_number & (result == 4)] = 3
        return result

    def unequal(self, a: Values, b: Values) -> Levels:
        ratio = k.token_ratio(a, b)
        level = np.ones(len(a), np.uint8)
        level[ratio >= 65] = 2
        level[ratio >= 82] = 3
        return level


class DateFeature(LevelFeature):
    """Dates `YYYYMMDD` (00 = unknown): typing error, day and month swapped, one part different, near, same year."""

    personal = True
    labels = (
        "missing",
        "different",
        "within ten years",
        "same year or day",
        "two parts same",
        "typo or swap",
        "partly known, agrees",
        "same",
    )
    usual_m = (0.04, 0.03, 0.04, 0.05, 0.08, 0.02, 0.74)

    def unequal(self, a: Values, b: Values) -> Levels:
        x, y = a.astype("U8"), b.astype("U8")
        first, second = x.view("U1").reshape(len(x), 8), y.view("U1").reshape(len(y), 8)
        year = (first[:, :4] == second[:, :4]).all(1)
        month = (first[:, 4:6] == second[:, 4:6]).all(1)
        day = (first[:, 6:] == second[:, 6:]).all(1)
        swap = year & (first[:, 4:6] == second[:, 6:]).all(1) & (first[:, 6:] == second[:, 4:6]).all(1)
        unknown_month = (first[:, 4:6] == "0").all(1) | (second[:, 4:6] == "0").all(1)
        unknown_day = (first[:, 6:] == "0").all(1) | (second[:, 6:] == "0").all(1)
        years_apart = np.abs(x.astype(np.int64) // 10_000 - y.astype(np.int64) // 10_000)
        level = np.ones(len(a), np.uint8)
        level[years_apart <= 10] = 2
        level[year | (month & day)] = 3
        level[(year & (month | day)) | (month & day & (years_apart <= 10))] = 4
        level[(k.edits(a, b, 1) <= 1) | swap] = 5
        partial = unknown_month | unknown_day
        level[partial] = np.where(years_apart[partial] <= 1, 2, 1)
        level[partial & year & (unknown_month | month)] = 6
        return level


class NumberFeature(LevelFeature):
    """Amounts and counts: within one per cent, within ten per cent."""

    labels = ("missing", "different", "within ten per cent", "within one per cent", "same")
    usual_m = (0.1, 0.05, 0.1, 0.75)

    def unequal(self, a: Values, b: Values) -> Levels:
        x, y = a.astype(np.float64), b.astype(np.float64)
        gap = np.abs(x - y) / np.maximum(np.maximum(np.abs(x), np.abs(y)), 1e-12)
        level = np.ones(len(a), np.uint8)
        level[gap <= 0.10] = 2
        level[gap <= 0.01] = 3
        return level
