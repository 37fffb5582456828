"""Small numeric building blocks of comparisons: distinct value pairs compared once, string similarity in bulk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from resolution.standardise.columns import Codes, Column

Levels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.object_]
PairKernel = Callable[[Values, Values], Levels]


def known_and_equal(left: Codes, right: Codes) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(both present, both equal) per pair."""
    known = (left >= 0) & (right >= 0)
    return known, known & (left == right)


def distinct_levels(column: Column, left: Codes, right: Codes, todo: npt.NDArray[np.bool_], kernel: PairKernel,
                    other: Column | None = None) -> tuple[npt.NDArray[np.int64], Levels]:  # fmt: skip
    """Run `kernel` once per distinct unordered pair of values among the pairs marked `todo`.

    Returns (indices of todo, their levels). `other` is the right-hand column when it differs; the pair is then ordered.
    """
    import pandas as pd

    index = np.flatnonzero(todo)
    if not len(index):
        return index, np.empty(0, np.uint8)
    a, b = left[index].astype(np.int64), right[index].astype(np.int64)
    packed = (a << 32) | b if other is not None else (np.minimum(a, b) << 32) | np.maximum(a, b)
    inverse, distinct = pd.factorize(packed)
    low, high = distinct >> 32, distinct & 0xFFFFFFFF
    return index, kernel(column.values[low], (other or column).values[high])[inverse]


def jaro_winkler(a: Values, b: Values) -> npt.NDArray[np.float32]:
    """Jaro–Winkler similarity 0–1 of equally long arrays of strings (rapidfuzz, all cores)."""
    from rapidfuzz.distance import JaroWinkler
    from rapidfuzz.process import cpdist

    return cpdist(a, b, scorer=JaroWinkler.similarity, dtype=np.float32, workers=_workers(len(a)))


def edits(a: Values, b: Values, cutoff: int = 3) -> npt.NDArray[np.uint8]:
    """Damerau–Levenshtein distance (a transposition is one edit), cutoff + 1 where larger."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cpdist

    return cpdist(a, b, scorer=OSA.distance, score_cutoff=cutoff, dtype=np.uint8, workers=_workers(len(a)))


def token_ratio(a: Values, b: Values) -> npt.NDArray[np.float32]:
    """Token-sort ratio 0–100: similarity whatever the order of the words."""
    from rapidfuzz.fuzz import token_sort_ratio
    from rapidfuzz.process import cpdist

    return cpdist(a, b, scorer=token_sort_ratio, dtype=np.float32, workers=_workers(len(a)))


def _workers(size: int) -> int:
    return -1 if size > 20_000 else 1


def first_words(values: Values) -> Values:
    """First word of each value."""
    return np.array([v.split(" ", 1)[0] for v in values], dtype=object)


def lengths(values: Values) -> npt.NDArray[np.int32]:
    """Characters of each value."""
    return np.fromiter(map(len, values), np.int32, len(values))


def initials_agree(a: Values, b: Values) -> npt.NDArray[np.bool_]:
    """One of the two is a single letter, and it is the other's first."""
    return np.fromiter(
        ((len(x) == 1 or len(y) == 1) and x[:1] == y[:1] for x, y in zip(a, b, strict=True)), bool, len(a)
    )


def one_contains_other(a: Values, b: Values) -> npt.NDArray[np.bool_]:
    """The words of one value are among the words of the other (`smith` and `smith jones`)."""

    def contained(x: str, y: str) -> bool:
        if " " not in x and " " not in y:
            return False
        left, right = set(x.split()), set(y.split())
        return left <= right or right <= left

    return np.fromiter((contained(x, y) for x, y in zip(a, b, strict=True)), bool, len(a))
