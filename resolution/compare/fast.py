"""Which comparisons of many pairs are made in machine code, and what it needs of a column's distinct values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.compare import compiled
from resolution.compare import features as f
from resolution.compare.kernels import codes_of

if TYPE_CHECKING:
    import polars as pl

    from resolution.compare.kernels import Levels
    from resolution.standardise.columns import Codes, Column, Standardised

MANY = 600_000
"""From so many pairs on, waiting for machine code (half a second; where it was never made, twenty) is worth while."""
FEW_OF_VALUES = 8
"""Once the code is there: what it needs of all values costs less than comparing an eighth as many pairs without it."""
Starts = npt.NDArray[np.int64]


def levels(feature: f.LevelFeature, std: Standardised, left: Codes, right: Codes) -> Levels:
    """`feature.levels`, the same result whichever way it is reached."""
    column = std.columns[feature.column]
    prepare = PREPARED.get(type(feature))
    enough = compiled.is_loaded() and len(left) >= max(column.size // FEW_OF_VALUES, 10_000)
    if prepare is None or not column.size or not (enough or len(left) >= MANY):
        return feature.levels(std, left, right)
    prepared = prepare(column)
    if prepared is None:
        return feature.levels(std, left, right)
    name, given = prepared
    found: Levels = compiled.kernel(name)(*(np.ascontiguousarray(a) for a in (column.codes, left, right)), *given)
    later = np.flatnonzero(found == compiled.LATER)
    if len(later):
        found[later] = feature.levels(std, left[later], right[later])
    return found


Prepared = tuple[str, tuple[Any, ...]] | None
"""Name of a kernel and its arguments after the pairs; None where the values do not fit it."""


def _string(column: Column) -> Prepared:
    return _words(column, is_given=False)


def _given(column: Column) -> Prepared:
    return _words(column, is_given=True)


def _words(column: Column, is_given: bool) -> Prepared:
    values = column.fact("characters", characters)
    if values is None:
        return None
    first = column.fact("first_word", lambda text: codes_of(text.str.extract("^([^ ]*)", 1)))
    nothing = np.zeros(column.size + 1, np.int64), np.zeros(0, np.int32)
    roots = column.fact("formal names", _formal_names) if is_given else nothing
    return "string_levels", (values, column.fact("word codes", _word_codes), first, roots, is_given)


def _email(column: Column) -> Prepared:
    values = column.fact("characters", characters)
    if values is None:
        return None
    length = column.fact("local_length", lambda text: text.str.extract("^([^@]*)", 1).str.len_chars().to_numpy())
    count = column.fact("digit_count", lambda text: text.str.count_matches("[0-9]").to_numpy())
    digits = column.fact("digits", lambda text: codes_of(text.str.replace_all("[^0-9]", "")))
    mailbox = column.fact("mailbox", f.mailboxes)
    return "email_levels", (values, length.astype(np.int64), mailbox, (digits, count.astype(np.int64)))


def _phone(column: Column) -> Prepared:
    return _edits(column, compiled.PHONE, column.fact("tail", lambda text: codes_of(text.str.tail(8))))


def _postcode(column: Column) -> Prepared:
    return _edits(column, compiled.POSTCODE, column.fact("area", lambda text: codes_of(text.str.head(-2))))


def _id(column: Column) -> Prepared:
    return _edits(column, compiled.ID, np.zeros(0, np.int32))


def _edits(column: Column, kind: int, part: Codes) -> Prepared:
    values = column.fact("characters", characters)
    return None if values is None else ("edit_levels", (values, part, kind))


def _address(column: Column) -> Prepared:
    values = column.fact("characters in order", lambda text: characters(_in_order(text)))
    return None if values is None else ("address_levels", (values, *column.fact("parts", f.address_codes)))


def _date(column: Column) -> Prepared:
    import polars as pl

    number = column.fact("number", lambda text: text.cast(pl.Int64).to_numpy())
    return "date_levels", (np.array(number, np.int64), column.fact("digits", f.date_digits))


PREPARED: dict[type[f.LevelFeature], Callable[[Column], Prepared]] = {
    f.StringFeature: _string,
    f.FamilyNameFeature: _string,
    f.CityFeature: _string,
    f.GivenNameFeature: _given,
    f.EmailFeature: _email,
    f.PhoneFeature: _phone,
    f.PostcodeFeature: _postcode,
    f.IdFeature: _id,
    f.AddressFeature: _address,
    f.DateFeature: _date,
    f.BirthDateFeature: _date,
}


def characters(text: pl.Series) -> tuple[npt.NDArray[np.uint8], Starts] | None:
    """The characters of all values as small numbers, equal for equal characters, and where each value begins (one more
    than values); None where there are more than 256 different ones.
    """
    joined = text.str.join("", ignore_nulls=False)[0] or ""
    start = np.zeros(len(text) + 1, np.int64)
    np.cumsum(text.str.len_chars().to_numpy(), out=start[1:])
    if joined.isascii():
        return np.frombuffer(joined.encode("ascii"), np.uint8).copy(), start
    points = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    used = np.zeros(int(points.max()) + 1, np.uint8)
    used[points] = 1
    if int(used.sum()) > 256:
        return None
    place = np.cumsum(used, dtype=np.int64) - 1
    return place[points].astype(np.uint8), start


def _in_order(text: pl.Series) -> pl.Series:
    """The words of each value in alphabetical order, as a token-sort ratio takes them."""
    import polars as pl

    words = text.str.split(" ")
    return words.list.eval(pl.element().filter(pl.element() != "")).list.sort().list.join(" ")


def _word_codes(text: pl.Series) -> tuple[Starts, npt.NDArray[np.int32]]:
    """Codes of each value's words, each once: where they begin, and the codes."""
    import polars as pl

    words = text.str.split(" ").list.eval(pl.element().filter(pl.element() != "")).list.unique()
    start = np.zeros(len(text) + 1, np.int64)
    np.cumsum(words.list.len().to_numpy(), out=start[1:])
    return start, codes_of(words.explode().drop_nulls())


def _formal_names(text: pl.Series) -> tuple[Starts, npt.NDArray[np.int32]]:
    """Codes of the formal names that each value's first word may stand for: where they begin, and the codes."""
    from resolution.standardise.names import nickname_roots

    roots = nickname_roots()
    number: dict[str, int] = {}
    found: list[int] = []
    start = np.zeros(len(text) + 1, np.int64)
    for i, first in enumerate(text.str.split(" ").list.first().to_list()):
        found.extend(number.setdefault(root, len(number)) for root in roots.get(first, ()))
        start[i + 1] = len(found)
    return start, np.array(found, np.int32)
