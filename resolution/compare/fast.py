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
USUAL = 1_000
"""So many values of a column are compared with each other at once, where COVERED of the records have one of them."""
COVERED = 0.5
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
    codes, left, right = (np.ascontiguousarray(a) for a in (column.codes, left, right))
    kernel = compiled.kernel(name)
    usual = _usual(feature, column, kernel, given) if len(left) >= MANY else None
    if usual is None:
        found: Levels = kernel(codes, left, right, *given)
    else:
        found = compiled.kernel("usual_levels")(codes, left, right, *usual)
        rest = np.flatnonzero(found == compiled.LATER)
        found[rest] = kernel(codes, left[rest], right[rest], *given)
    later = np.flatnonzero(found == compiled.LATER)
    if len(later):
        found[later] = feature.levels(std, left[later], right[later])
    return found


def _usual(
    feature: f.LevelFeature, column: Column, kernel: Callable[..., Levels], given: tuple[Any, ...]
) -> tuple[npt.NDArray[np.int16], Levels] | None:
    """Levels of all pairs of the most usual values, looked up instead of compared again and again: place of each value
    among them (int16[values], -1: not usual), levels uint8[USUAL, USUAL]. None where they cover too little.
    """
    name = f"usual levels of {type(feature).__name__}"
    if name not in column.facts:
        count = column.counts()
        often = np.argsort(-count, kind="stable")[:USUAL].astype(np.int32)
        if count[often].sum() < COVERED * count.sum():
            column.facts[name] = None
        else:
            place = np.full(column.size, -1, np.int16)
            place[often] = np.arange(len(often), dtype=np.int16)
            one, other = (a.ravel().astype(np.int32) for a in np.indices((len(often), len(often))))
            column.facts[name] = place, kernel(often, one, other, *given).reshape(len(often), -1)
    found: tuple[npt.NDArray[np.int16], Levels] | None = column.facts[name]
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
    row = column.fact("row of words", lambda _: rows(values, _sizes(values), first))
    nothing = np.zeros(column.size + 1, np.int64), np.zeros(0, np.int32)
    roots = column.fact("formal names", _formal_names) if is_given else nothing
    return "string_levels", (values[0], row, column.fact("word codes", _word_codes), roots, is_given)


def _email(column: Column) -> Prepared:
    values = column.fact("characters", characters)
    if values is None:
        return None

    def make(text: pl.Series) -> npt.NDArray[np.int64]:
        local = text.str.extract("^([^@]*)", 1).str.len_chars().to_numpy().astype(np.int64)
        whole = _sizes(values)
        digits = column.fact("digits", lambda text: codes_of(text.str.replace_all("[^0-9]", "")))
        count = column.fact("digit_count", lambda text: text.str.count_matches("[0-9]").to_numpy())
        return rows(values, local, whole, *column.fact("mailbox", f.mailboxes), digits, count)

    return "email_levels", (values[0], column.fact("row of mail", make))


def _phone(column: Column) -> Prepared:
    return _edits(column, compiled.PHONE, column.fact("tail", lambda text: codes_of(text.str.tail(8))))


def _postcode(column: Column) -> Prepared:
    return _edits(column, compiled.POSTCODE, column.fact("area", lambda text: codes_of(text.str.head(-2))))


def _id(column: Column) -> Prepared:
    return _edits(column, compiled.ID, np.zeros(column.size, np.int32))


def _edits(column: Column, kind: int, part: Codes) -> Prepared:
    values = column.fact("characters", characters)
    if values is None:
        return None
    sizes = _sizes(values)
    return "edit_levels", (values[0], column.fact(f"row of {kind}", lambda _: rows(values, sizes, part)), kind)


def _address(column: Column) -> Prepared:
    values = column.fact("characters in order", lambda text: characters(_in_order(text)))
    if values is None:
        return None
    sizes, parts = _sizes(values), column.fact("parts", f.address_codes)
    return "address_levels", (values[0], column.fact("row of address", lambda _: rows(values, sizes, *parts)))


def _date(column: Column) -> Prepared:
    import polars as pl

    def make(text: pl.Series) -> npt.NDArray[np.int64]:
        number = text.cast(pl.Int64).to_numpy()
        digits = np.ascontiguousarray(f.date_digits(text)).view(np.int64).ravel()  # all below 128: never negative
        return np.stack([digits, number // 10_000, number // 100 % 100, number % 100], axis=1)

    return "date_levels", (column.fact("row of date", make),)


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


def _sizes(values: tuple[npt.NDArray[np.uint8], Starts]) -> npt.NDArray[np.int64]:
    """Characters of each value."""
    start = values[1]
    return start[1:] - start[:-1]


def rows(
    values: tuple[npt.NDArray[np.uint8], Starts], size: npt.NDArray[np.int64], *more: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """What comparisons need of each value, int64[values, 3 + more]: a bit for each character that occurs (modulo 64),
    the number of characters, where they begin, and whatever `more` holds. size: characters that count, from the
    beginning of the value.
    """
    text, start = values
    found = np.zeros((len(size), 3 + len(more)), np.int64)
    for i, part in enumerate((size, start[:-1], *more)):
        found[:, i + 1] = part
    filled = np.flatnonzero(size)
    if len(filled):
        bit = np.int64(1) << (text & np.uint8(63)).astype(np.int64)
        length = start[1:] - start[:-1]
        if (size < length).any():  # the characters after the part that counts have no bits
            bit[np.arange(len(text)) - np.repeat(start[:-1], length) >= np.repeat(size, length)] = 0
        found[filled, 0] = np.bitwise_or.reduceat(bit, start[:-1][filled])
    return found


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
