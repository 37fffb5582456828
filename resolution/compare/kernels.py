"""Small numeric building blocks of comparisons: distinct value pairs compared once, string similarity in bulk.

Kernels take codes into a column's distinct values. Whatever depends on one value (its length, its first word) is a
fact of the column,
computed once per value; per pair only array operations remain, and string similarity where it can matter.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from resolution.standardise.columns import Codes, Column

Levels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.object_]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
PairKernel = Callable[[Column, Index, Index], Levels]


def known_and_equal(left: Codes, right: Codes) -> tuple[Mask, Mask]:
    """(both present, both equal) per pair."""
    known = (left >= 0) & (right >= 0)
    return known, known & (left == right)


def distinct_levels(column: Column, left: Codes, right: Codes, todo: Mask, kernel: PairKernel) -> tuple[Index, Levels]:
    """Run `kernel` once per distinct unordered pair of values among the pairs marked `todo`.

    Returns (indices of todo, their levels).
    """
    import pandas as pd

    index = np.flatnonzero(todo)
    if not len(index):
        return index, np.empty(0, np.uint8)
    a, b = left[index].astype(np.int64), right[index].astype(np.int64)
    inverse, distinct = pd.factorize((np.minimum(a, b) << 32) | np.maximum(a, b))
    return index, kernel(column, distinct >> 32, distinct & 0xFFFFFFFF)[inverse]


def jaro_winkler(a: Values, b: Values, cutoff: float = 0.6) -> npt.NDArray[np.float32]:
    """Jaro–Winkler similarity 0–1 of equally long arrays of strings, 0 below the cutoff (rapidfuzz, all cores)."""
    from rapidfuzz.distance import JaroWinkler
    from rapidfuzz.process import cpdist

    return cpdist(a, b, scorer=JaroWinkler.similarity, score_cutoff=cutoff, dtype=np.float32, workers=_workers(len(a)))


def edits(a: Values, b: Values, cutoff: int = 2) -> npt.NDArray[np.uint8]:
    """Damerau–Levenshtein distance (a transposition is one edit), cutoff + 1 where larger."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cpdist

    return cpdist(a, b, scorer=OSA.distance, score_cutoff=cutoff, dtype=np.uint8, workers=_workers(len(a)))


def edits_where(column: Column, a: Index, b: Index, mask: Mask, cutoff: int = 2) -> npt.NDArray[np.uint8]:
    """Edit distance of the masked pairs; cutoff + 1 elsewhere and where the lengths differ too much."""
    length = column.fact("lengths", lengths)
    near = np.flatnonzero(mask & (np.abs(length[a] - length[b]) <= cutoff))
    result = np.full(len(a), cutoff + 1, np.uint8)
    if len(near):
        result[near] = edits(column.values[a[near]], column.values[b[near]], cutoff)
    return result


def token_ratio(a: Values, b: Values, cutoff: float = 60) -> npt.NDArray[np.float32]:
    """Token-sort ratio 0–100: similarity whatever the order of the words; 0 below the cutoff."""
    from rapidfuzz.fuzz import token_sort_ratio
    from rapidfuzz.process import cpdist

    return cpdist(a, b, scorer=token_sort_ratio, score_cutoff=cutoff, dtype=np.float32, workers=_workers(len(a)))


def _workers(size: int) -> int:
    return -1 if size > 20_000 else 1


def lengths(values: Values) -> npt.NDArray[np.int32]:
    """Characters of each value."""
    return np.fromiter(map(len, values), np.int32, len(values))


def shorter(column: Column, a: Index, b: Index) -> npt.NDArray[np.int32]:
    """Length of the shorter value of each pair."""
    length = column.fact("lengths", lengths)
    return np.minimum(length[a], length[b])


def codes_of(texts: list[str]) -> npt.NDArray[np.int64]:
    """Equal texts get equal codes."""
    import pandas as pd

    return pd.factorize(np.array(texts, dtype=object))[0].astype(np.int64)


def first_words_equal(column: Column, a: Index, b: Index) -> Mask:
    """Both values begin with the same word."""
    code = column.fact("first_word", lambda values: codes_of([v.split(" ", 1)[0] for v in values]))
    return code[a] == code[b]


def initials_agree(column: Column, a: Index, b: Index) -> Mask:
    """One of the two is a single letter, and it is the other's first."""
    letter = column.fact("initial", lambda values: codes_of([v[:1] for v in values]))
    return (letter[a] == letter[b]) & (shorter(column, a, b) == 1)


def one_contains_other(column: Column, a: Index, b: Index) -> Mask:
    """The words of one value are among the words of the other (`smith` and `smith jones`)."""
    several = column.fact("several_words", lambda values: np.array([" " in v for v in values] or [False]))
    result = np.zeros(len(a), bool)
    todo = np.flatnonzero(several[a] | several[b])
    if len(todo):
        bags = column.fact(
            "words", lambda values: np.array([frozenset(v.split()) for v in values] + [frozenset()], dtype=object)[:-1]
        )
        pairs = zip(bags[a[todo]], bags[b[todo]], strict=True)
        result[todo] = np.fromiter((x <= y or y <= x for x, y in pairs), bool, len(todo))
    return result
