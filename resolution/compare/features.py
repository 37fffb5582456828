"""Comparisons that return levels: 0 = missing on a side, 1 = different, then more and more alike up to the same.

Levels are small integers, and a missing value is a level of its own, so that it can count neither for nor against a
match. `resolution.toolkit.LevelCompare` makes each a recordlinkage `BaseCompareFeature`; the toolkit loads
scikit-learn, which a night need not wait for.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from resolution.compare import kernels as k
from resolution.compare.kernels import Index, Levels
from resolution.standardise.columns import Codes, Column, Standardised


class LevelFeature:
    """Base of all level comparisons of one column.

    `levels(std, left, right)` is the fast way over standardised records; `levels_of(left, right)` takes plain values.
    """

    labels: ClassVar[tuple[str, ...]] = ("missing", "different", "same")
    usual_m: ClassVar[tuple[float, ...]] = (0.1, 0.9)
    """Start of the EM: how often records of one person fall into each level from `different` up."""
    personal: ClassVar[bool] = False
    """Whether relatives under one roof agree on it no more often than strangers."""
    role: ClassVar[str] = ""
    """`given`, `birth` or `family`: what namesakes and twins in a family share."""
    vague: ClassVar[int | None] = None
    """Up to this level two values are alike but hardly one; such a level alone joins nobody (None: all but `same`)."""
    settles: ClassVar[int] = 255
    """Level from which this place settles the larger place around it (255: only `same` does)."""

    def __init__(self, column: str, label: str | None = None, term_frequency: bool = True) -> None:
        self.column = column
        self.label = label or column
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

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        """Levels of distinct pairs of unequal values, given by their codes."""
        return np.ones(len(a), np.uint8)

    def agreeing(self, std: Standardised, left: Codes, right: Codes, levels: Levels) -> tuple[Column, Codes] | None:
        """Column and code of the value shared by each pair at the top level (else -1), for term frequencies."""
        if not self.term_frequency:
            return None
        column = std.columns[self.column]
        return column, np.where(levels == self.top, column.codes[left], np.int32(-1))

    def levels_of(self, left: Any, right: Any) -> npt.NDArray[np.uint8]:
        """Level per row of two Series of values, already cleaned."""
        n = len(left)
        both = [None if v is None or v != v or v == "" else str(v) for v in (*left.tolist(), *right.tolist())]
        column = Column.encode(pl.Series(both, dtype=pl.String))
        std = Standardised(2 * n, pl.Series(range(2 * n)).cast(pl.String), {self.column: column})
        return self.levels(std, np.arange(n, dtype=np.int32), np.arange(n, 2 * n, dtype=np.int32))


class ExactFeature(LevelFeature):
    """Same or different."""


class StringFeature(LevelFeature):
    """Any text: a typing error, alike, or one inside the other."""

    labels = ("missing", "different", "somewhat alike", "alike", "typo", "same")
    usual_m = (0.06, 0.03, 0.04, 0.07, 0.8)

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        similarity = k.jaro_winkler(column, a, b)
        distance = k.edits_where(column, a, b, similarity > 0)
        short = k.shorter(column, a, b)
        level = np.ones(len(a), np.uint8)
        level[similarity >= 0.80] = 2
        level[(similarity >= 0.90) | k.one_contains_other(column, a, b)] = 3
        level[((distance == 1) & (short >= 3)) | ((distance == 2) & (short >= 7))] = 4
        return level


class FamilyNameFeature(StringFeature):
    """Family name."""

    role = "family"


class CityFeature(StringFeature):
    """City, suburb, region."""


class GivenNameFeature(LevelFeature):
    """Given name: nicknames, initials, further given names, typing errors; swapped with the family name (see
    `swap_names`).
    """

    personal = True
    role = "given"
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
        nicknames = column.fact("nicknames", lambda _: nickname_pairs(column))
        if len(nicknames):
            unequal = np.flatnonzero((result > 0) & (result < self.top))
            x, y = a[unequal].astype(np.int64), b[unequal].astype(np.int64)
            packed = (np.minimum(x, y) << 32) | np.maximum(x, y)
            place = np.minimum(np.searchsorted(nicknames, packed), len(nicknames) - 1)
            result[unequal[nicknames[place] == packed]] = 6
        return result

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        similarity = k.jaro_winkler(column, a, b)
        distance = k.edits_where(column, a, b, similarity > 0)
        short = k.shorter(column, a, b)
        level = np.ones(len(a), np.uint8)
        level[similarity >= 0.80] = 2
        level[k.initials_agree(column, a, b)] = 3
        alike = ((similarity >= 0.90) & (short > 1)) | k.first_words_equal(column, a, b)
        level[alike | k.one_contains_other(column, a, b)] = 4
        level[((distance == 1) & (short >= 3)) | ((distance == 2) & (short >= 7))] = 5
        return level


class EmailFeature(LevelFeature):
    """E-mail: same address, same mailbox written differently, typing error, same or similar local part."""

    vague = 4
    labels = ("missing", "different", "local part alike", "same local part", "typo", "same mailbox", "same")
    usual_m = (0.15, 0.05, 0.05, 0.08, 0.02, 0.65)

    def levels(self, std: Standardised, left: Codes, right: Codes) -> Levels:
        result = super().levels(std, left, right)
        column = std.columns[self.column]
        rows = np.flatnonzero((result > 0) & (result < 5))
        part, a, b = column.among(*(column.codes[side[rows]].astype(np.int64) for side in (left, right)))
        level = result[rows]
        base, local = part.fact("mailbox", mailboxes)
        level[(local[a] >= 0) & (local[a] == local[b]) & (level < 3)] = 3
        level[(base[a] >= 0) & (base[a] == base[b])] = 5
        result[rows] = level
        return result

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        local = Column(np.empty(0, np.int32), column.fact("local", lambda text: text.str.extract("^([^@]*)", 1)))
        length = column.fact("local_length", lambda _: k.lengths(local.text))
        level = np.ones(len(a), np.uint8)
        similarity = k.jaro_winkler(local, a, b, 0.7)
        level[(similarity >= 0.9) & (np.minimum(length[a], length[b]) >= 4)] = 2
        # More or fewer digits, or two others, are another mailbox (`anna.bell`, `anna.bell3`; `anna85`, `anna91`), no
        # typing error.
        count = column.fact("digit_count", lambda text: text.str.count_matches("[0-9]").to_numpy())
        digits = column.fact("digits", lambda text: k.codes_of(text.str.replace_all("[^0-9]", "")))
        distance = k.edits_where(column, a, b, similarity > 0)
        same = digits[a] == digits[b]
        level[((distance <= 2) & same) | ((distance == 1) & (count[a] == count[b]))] = 4
        return level


def mailboxes(text: pl.Series) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Codes of each address's base mailbox and of its local part (-1: too short to tell)."""
    from resolution.standardise.contact import email_parts

    base, local = email_parts(text)
    return k.codes_of(base), k.codes_of(local)


class PhoneFeature(LevelFeature):
    """Phone: same number, same national number written without its country, typing error."""

    vague = 2
    labels = ("missing", "different", "typo", "same last digits", "same")
    usual_m = (0.25, 0.05, 0.05, 0.65)

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        level = np.ones(len(a), np.uint8)
        level[k.edits_where(column, a, b, np.ones(len(a), bool), 1) <= 1] = 2
        tail = column.fact("tail", lambda text: k.codes_of(text.str.tail(8)))
        level[(tail[a] == tail[b]) & (k.shorter(column, a, b) >= 7)] = 3
        return level


class IdFeature(LevelFeature):
    """Numbers and codes given to one person: same, one or two typing errors."""

    personal = True
    labels = ("missing", "different", "two typos", "typo", "same")
    usual_m = (0.05, 0.02, 0.08, 0.85)

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        distance = k.edits_where(column, a, b, np.ones(len(a), bool))
        short = k.shorter(column, a, b)
        level = np.ones(len(a), np.uint8)
        level[(distance == 2) & (short >= 6)] = 2
        level[(distance == 1) & (short >= 4)] = 3
        return level


class PostcodeFeature(LevelFeature):
    """Postcode: same, typing error, same area."""

    settles = 2
    labels = ("missing", "different", "same area", "typo", "same")
    usual_m = (0.1, 0.05, 0.05, 0.8)

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        level = np.ones(len(a), np.uint8)
        level[k.edits_where(column, a, b, np.ones(len(a), bool), 1) <= 1] = 3
        area = column.fact("area", lambda text: k.codes_of(text.str.head(-2)))
        level[(area[a] == area[b]) & (k.shorter(column, a, b) > 2)] = 2
        return level


class AddressFeature(LevelFeature):
    """Address line: same, alike with the same number, same street, alike."""

    labels = ("missing", "different", "somewhat alike", "same street", "alike, same number", "same")
    usual_m = (0.15, 0.05, 0.05, 0.15, 0.6)

    def levels(self, std: Standardised, left: Codes, right: Codes) -> Levels:
        result = super().levels(std, left, right)
        column = std.columns[self.column]
        rows = np.flatnonzero((result > 0) & (result < self.top))
        part, a, b = column.among(*(column.codes[side[rows]].astype(np.int64) for side in (left, right)))
        level = result[rows]
        number, street = part.fact("parts", address_codes)
        same_number = (number[a] >= 0) & (number[a] == number[b])
        same_street = (street[a] >= 0) & (street[a] == street[b])
        level[same_street & (level < 3)] = 3
        level[same_number & ((level == 3) | same_street)] = 4
        level[~same_number & (level == 4)] = 3
        result[rows] = level
        return result

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        ratio = k.token_ratio(column, a, b)
        level = np.ones(len(a), np.uint8)
        level[ratio >= 65] = 2
        level[ratio >= 82] = 3
        return level


def address_codes(text: pl.Series) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Codes of each address's house number and street (-1: none)."""
    from resolution.standardise.places import address_parts

    number, street = address_parts(text)
    return k.codes_of(number), k.codes_of(street)


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

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        digits = column.fact("digits", date_digits)
        number = column.fact("number", lambda text: text.cast(pl.Int64).to_numpy())
        x, y = number[a], number[b]
        year, month, day = x // 10_000 == y // 10_000, x // 100 % 100 == y // 100 % 100, x % 100 == y % 100
        swap = year & (x // 100 % 100 == y % 100) & (x % 100 == y // 100 % 100)
        unknown_month = (x // 100 % 100 == 0) | (y // 100 % 100 == 0)
        unknown_day = (x % 100 == 0) | (y % 100 == 0)
        years_apart = np.abs(x // 10_000 - y // 10_000)
        level = np.ones(len(a), np.uint8)
        level[years_apart <= 10] = 2
        level[year | (month & day)] = 3
        level[(year & (month | day)) | (month & day & (years_apart <= 10))] = 4
        level[_one_typo(digits[a], digits[b]) | swap] = 5
        partial = unknown_month | unknown_day
        level[partial] = np.where(years_apart[partial] <= 1, 2, 1)
        level[partial & year & (unknown_month | month)] = 6
        return level


class BirthDateFeature(DateFeature):
    """Date of birth."""

    role = "birth"


def date_digits(text: pl.Series) -> npt.NDArray[np.int8]:
    """Dates as a matrix of digits, int8[values, 8]."""
    number = text.cast(pl.Int64).to_numpy()
    return np.stack([(number // 10**place % 10).astype(np.int8) for place in range(7, -1, -1)], axis=1)


def _one_typo(first: npt.NDArray[np.int8], second: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Dates that differ in one digit, or in two neighbouring digits that changed places."""
    differs = first != second
    count = differs.sum(axis=1)
    result = count == 1
    two = np.flatnonzero(count == 2)
    if len(two):
        at = differs[two].argmax(axis=1)
        row = np.arange(len(two))
        following = np.minimum(at + 1, first.shape[1] - 1)
        a, b = first[two], second[two]
        result[two] = (
            differs[two][row, following] & (a[row, at] == b[row, following]) & (a[row, following] == b[row, at])
        )
    return result


class NumberFeature(LevelFeature):
    """Amounts and counts: within one per cent, within ten per cent."""

    labels = ("missing", "different", "within ten per cent", "within one per cent", "same")
    usual_m = (0.1, 0.05, 0.1, 0.75)

    def unequal(self, column: Column, a: Index, b: Index) -> Levels:
        number = column.fact("number", lambda text: text.cast(pl.Float64).to_numpy())
        x, y = number[a], number[b]
        gap = np.abs(x - y) / np.maximum(np.maximum(np.abs(x), np.abs(y)), 1e-12)
        level = np.ones(len(a), np.uint8)
        level[gap <= 0.10] = 2
        level[gap <= 0.01] = 3
        return level
