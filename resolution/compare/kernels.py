"""Small numeric building blocks of comparisons: distinct value pairs compared once, string similarity in bulk.

Kernels take codes into a column's distinct values. Whatever depends on one value (its length, its first word) is a
fact of the column,
computed once per value; per pair only array operations remain, and string similarity where it can matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from resolution.standardise.columns import Codes, Column

if TYPE_CHECKING:
    import polars as pl

Levels = npt.NDArray[np.uint8]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
PairKernel = Callable[[Column, Index, Index], Levels]


def known_and_equal(left: Codes, right: Codes) -> tuple[Mask, Mask]:
    """(both present, both equal) per pair."""
    known = (left >= 0) & (right >= 0)
    return known, known & (left == right)


def distinct_levels(column: Column, left: Codes, right: Codes, todo: Mask, kernel: PairKernel) -> tuple[Index, Levels]:
    """Run `kernel` once per distinct unordered pair of values among the pairs marked `todo`.

    The kernel gets the column with the values of these pairs only. Returns (indices of todo, their levels).
    """
    import pandas as pd

    index = np.flatnonzero(todo)
    if not len(index):
        return index, np.empty(0, np.uint8)
    a, b = left[index].astype(np.int64), right[index].astype(np.int64)
    inverse, distinct = pd.factorize((np.minimum(a, b) << 32) | np.maximum(a, b))
    return index, kernel(*column.among(distinct >> 32, distinct & 0xFFFFFFFF))[inverse]


def jaro_winkler(column: Column, a: Index, b: Index, cutoff: float = 0.6) -> npt.NDArray[np.float32]:
    """Jaro–Winkler similarity 0–1 of pairs of values, 0 below the cutoff (rapidfuzz, all cores)."""
    from rapidfuzz.distance import JaroWinkler

    return _bulk(JaroWinkler.similarity, column, a, b, cutoff, np.float32)


def edits(column: Column, a: Index, b: Index, cutoff: int = 2) -> npt.NDArray[np.uint8]:
    """Damerau–Levenshtein distance (a transposition is one edit), cutoff + 1 where larger."""
    from rapidfuzz.distance import OSA

    return _bulk(OSA.distance, column, a, b, cutoff, np.uint8)


def edits_where(column: Column, a: Index, b: Index, mask: Mask, cutoff: int = 2) -> npt.NDArray[np.uint8]:
    """Edit distance of the masked pairs; cutoff + 1 elsewhere and where the lengths differ too much."""
    length = column.fact("lengths", lengths)
    near = np.flatnonzero(mask & (np.abs(length[a] - length[b]) <= cutoff))
    result = np.full(len(a), cutoff + 1, np.uint8)
    if len(near):
        result[near] = edits(column, a[near], b[near], cutoff)
    return result


def token_ratio(column: Column, a: Index, b: Index, cutoff: float = 60) -> npt.NDArray[np.float32]:
    """Token-sort ratio 0–100: similarity whatever the order of the words; 0 below the cutoff."""
    from rapidfuzz.fuzz import token_sort_ratio

    return _bulk(token_sort_ratio, column, a, b, cutoff, np.float32)


def _bulk(scorer: Any, column: Column, a: Index, b: Index, cutoff: float, dtype: Any) -> Any:
    from rapidfuzz.process import cpdist

    values = column.strings()
    return cpdist(values[a], values[b], scorer=scorer, score_cutoff=cutoff, dtype=dtype, workers=_workers(len(a)))


def _workers(size: int) -> int:
    return -1 if size > 20_000 else 1


def lengths(text: pl.Series) -> npt.NDArray[np.int32]:
    """Characters of each value."""
    return text.str.len_chars().to_numpy().astype(np.int32)


def shorter(column: Column, a: Index, b: Index) -> npt.NDArray[np.int32]:
    """Length of the shorter value of each pair."""
    length = column.fact("lengths", lengths)
    return np.minimum(length[a], length[b])


def codes_of(text: pl.Series) -> npt.NDArray[np.int32]:
    """Equal texts get equal codes; -1 where there is none."""
    return Column.encode(text).codes


def first_words_equal(column: Column, a: Index, b: Index) -> Mask:
    """Both values begin with the same word."""
    code = column.fact("first_word", lambda text: codes_of(text.str.extract("^([^ ]*)", 1)))
    return code[a] == code[b]


def initials_agree(column: Column, a: Index, b: Index) -> Mask:
    """One of the two is a single letter, and it is the other's first."""
    letter = column.fact("initial", lambda text: codes_of(text.str.head(1)))
    return (letter[a] == letter[b]) & (shorter(column, a, b) == 1)


def one_contains_other(column: Column, a: Index, b: Index) -> Mask:
    """The words of one value are among the words of the other (`smith` and `smith jones`)."""
    several = column.fact("several_words", lambda text: text.str.contains(" ", literal=True).to_numpy())
    result = np.zeros(len(a), bool)
    todo = np.flatnonzero(several[a] | several[b])
    if len(todo):
        bags = column.fact("words", _bags)
        pairs = zip(bags[a[todo]], bags[b[todo]], strict=True)
        result[todo] = np.fromiter((x <= y or y <= x for x, y in pairs), bool, len(todo))
    return result


def _bags(text: pl.Series) -> npt.NDArray[np.object_]:
    """The set of words of each value."""
    bags = np.empty(len(text), object)
    bags[:] = [frozenset(value.split()) for value in text.to_list()]
    return bags
