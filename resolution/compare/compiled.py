"""String comparisons of many pairs in machine code: the levels of `features` straight from codes, pair by pair.

Pairs come in ascending order of the left record, so that what a bit-parallel comparison prepares of the left value
serves many right ones; telling distinct pairs of values apart first would take longer than comparing them. Results are
those of rapidfuzz: Jaro 1989 and Winkler 1990; optimal string alignment and longest common subsequence after Hyyrö
2003 and 2004. Values longer than a machine word are left to it (level LATER).

Most values are met in any order, so what is known of one stands together, in one line of the cache: see `fast.rows`.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

import numpy as np

from resolution.compare import bitwise
from resolution.compare.bitwise import common, edits, forget, jaro_winkler, most_common, prepare

Array = np.ndarray
Pair = tuple[np.ndarray, np.ndarray]
"""Items of all values one after the other: where each value's begin (int64, one more than values), and the items."""
LATER = 255
"""Level of a pair that has to be compared the other way."""
WORD = 64
"""Most characters of a value that is compared here."""
PHONE, POSTCODE, ID = range(3)
_one_at_a_time = Lock()


def kernel(name: str) -> Any:
    """The compiled function of that name (`string_levels`, …). The first call of all loads or makes machine code."""
    with _one_at_a_time:
        return _kernels()[name]


def is_loaded() -> bool:
    """Whether the kernels exist already, so that using them costs nothing more."""
    return _kernels.cache_info().currsize > 0


@cache
def _kernels() -> dict[str, Any]:
    from numba.extending import register_jitable

    from resolution.forest import compiled

    for helper in (*bitwise.HELPERS, _share_words, _share_any, _one_typo):
        register_jitable(helper)
    return {
        function.__name__.strip("_"): compiled(function)
        for function in (_string_levels, _email_levels, _edit_levels, _address_levels, _date_levels, _usual_levels)
    }


def _share_words(start: Array, word: Array, a: int, b: int) -> bool:
    """Whether all words of one value are among those of the other; each value has its words once."""
    here, there = start[a + 1] - start[a], start[b + 1] - start[b]
    equal = 0
    for i in range(start[a], start[a + 1]):
        for j in range(start[b], start[b + 1]):
            if word[i] == word[j]:
                equal += 1
    return equal == min(here, there)


def _share_any(start: Array, item: Array, a: int, b: int) -> bool:
    for i in range(start[a], start[a + 1]):
        for j in range(start[b], start[b + 1]):
            if item[i] == item[j]:
                return True
    return False


def _one_typo(one: int, other: int) -> bool:
    """Dates of eight digits, one in each byte, that differ in one digit, or in two neighbours that changed places."""
    differ = one ^ other
    while differ & 255 == 0:
        differ, one, other = differ >> 8, one >> 8, other >> 8
    if differ < 1 << 8:
        return True
    return differ < 1 << 16 and one & 255 == other >> 8 & 255 and other & 255 == one >> 8 & 255


def _string_levels(
    codes: Array, left: Array, right: Array, text: Array, row: Array, words: Pair, roots: Pair, is_given: bool
) -> Array:
    """Levels of `StringFeature`, or of `GivenNameFeature` where is_given. words: those of each value; roots: the formal
    names that a given name stands for; both as (start, items). After the start in each row: code of the first word.
    """
    (word_start, word), (root_start, root) = words, roots
    top = np.uint8(8 if is_given else 5)
    level = np.zeros(len(left), np.uint8)
    bits = np.zeros(256, np.uint64)
    ready = -1
    for i in range(len(left)):
        a, b = codes[left[i]], codes[right[i]]
        if a < 0 or b < 0:
            continue
        if a == b:
            level[i] = top
            continue
        size, other = row[a, 1], row[b, 1]
        # Neither can hold all words of the other; and too few characters in common for a similarity of .7 (Winkler adds
        # nothing below).
        apart = row[a, 0] & ~row[b, 0] != 0 and row[b, 0] & ~row[a, 0] != 0
        if not is_given and apart and 10 * most_common(row, a, b) * (size + other) < 11 * size * other:
            level[i] = 1
            continue
        x, y = row[a, 2], row[b, 2]
        if size > WORD or other > WORD:
            level[i] = LATER
            continue
        if is_given and row[a, 3] != row[b, 3] and _share_any(root_start, root, a, b):
            level[i] = 6
            continue
        if ready != a:
            if ready >= 0:
                forget(bits, text, row[ready, 2], row[ready, 2] + row[ready, 1])
            prepare(bits, text, x, x + size)
            ready = a
        short = min(size, other)
        similarity = jaro_winkler(bits, text, x, x + size, y, y + other)
        alike = np.float32(similarity)
        if similarity >= 0.6 and abs(size - other) <= 2:
            distance = edits(bits, size, text, y, y + other)
            if (distance == 1 and short >= 3) or (distance == 2 and short >= 7):
                level[i] = top - np.uint8(3 if is_given else 1)
                continue
        if is_given:
            close = (alike >= np.float32(0.9) and short > 1) or row[a, 3] == row[b, 3]
            if close or _share_words(word_start, word, a, b):
                level[i] = 4
            elif short == 1 and text[x] == text[y]:
                level[i] = 3
            else:
                level[i] = 2 if alike >= np.float32(0.8) else 1
        elif alike >= np.float32(0.9) or _share_words(word_start, word, a, b):
            level[i] = 3
        else:
            level[i] = 2 if alike >= np.float32(0.8) else 1
    return level


def _email_levels(codes: Array, left: Array, right: Array, text: Array, row: Array) -> Array:
    """Levels of `EmailFeature`. The size in each row is that of the local part; after the start: size of the whole,
    codes of the base mailbox, of the local part and of the digits, and how many digits there are.
    """
    level = np.zeros(len(left), np.uint8)
    bits, whole = np.zeros(256, np.uint64), np.zeros(256, np.uint64)
    ready = ready_whole = -1
    for i in range(len(left)):
        a, b = codes[left[i]], codes[right[i]]
        if a < 0 or b < 0:
            continue
        if a == b:
            level[i] = 6
            continue
        if row[a, 4] >= 0 and row[a, 4] == row[b, 4]:
            level[i] = 5
            continue
        same_local = row[a, 5] >= 0 and row[a, 5] == row[b, 5]
        size, other = row[a, 1], row[b, 1]
        if size > 0 and other > 0 and 10 * most_common(row, a, b) * (size + other) < 11 * size * other:
            level[i] = 3 if same_local else 1
            continue
        x, y, all_size, all_other = row[a, 2], row[b, 2], row[a, 3], row[b, 3]
        if all_size > WORD or all_other > WORD:
            level[i] = LATER
            continue
        if ready != a:
            if ready >= 0:
                forget(bits, text, row[ready, 2], row[ready, 2] + row[ready, 1])
            prepare(bits, text, x, x + size)
            ready = a
        similarity = 1.0 if size == 0 and other == 0 else 0.0
        if size > 0 and other > 0:
            similarity = jaro_winkler(bits, text, x, x + size, y, y + other)
        found = 1
        if similarity >= 0.7:
            if np.float32(similarity) >= np.float32(0.9) and min(size, other) >= 4:
                found = 2
            if abs(all_size - all_other) <= 2:
                if ready_whole != a:
                    if ready_whole >= 0:
                        forget(whole, text, row[ready_whole, 2], row[ready_whole, 2] + row[ready_whole, 3])
                    prepare(whole, text, x, x + all_size)
                    ready_whole = a
                distance = edits(whole, all_size, text, y, y + all_other)
                if (distance <= 2 and row[a, 6] == row[b, 6]) or (distance == 1 and row[a, 7] == row[b, 7]):
                    found = 4
        if found < 3 and same_local:
            found = 3
        level[i] = found
    return level


def _edit_levels(codes: Array, left: Array, right: Array, text: Array, row: Array, kind: int) -> Array:
    """Levels of `PhoneFeature`, `PostcodeFeature` and `IdFeature` (kind). After the start in each row: code of a
    phone's last digits or of a postcode's area.
    """
    level = np.zeros(len(left), np.uint8)
    bits = np.zeros(256, np.uint64)
    ready = -1
    cutoff = 2 if kind == ID else 1
    for i in range(len(left)):
        a, b = codes[left[i]], codes[right[i]]
        if a < 0 or b < 0:
            continue
        if a == b:
            level[i] = 4
            continue
        size, other = row[a, 1], row[b, 1]
        if size > WORD or other > WORD:
            level[i] = LATER
            continue
        short = min(size, other)
        same_part = kind != ID and row[a, 3] == row[b, 3]
        if kind == PHONE and same_part and short >= 7:
            level[i] = 3
            continue
        if kind == POSTCODE and same_part and short > 2:
            level[i] = 2
            continue
        level[i] = 1
        # An edit leaves all but one of the characters of each.
        if max(size, other) - most_common(row, a, b) > cutoff:
            continue
        if ready != a:
            if ready >= 0:
                forget(bits, text, row[ready, 2], row[ready, 2] + row[ready, 1])
            prepare(bits, text, row[a, 2], row[a, 2] + size)
            ready = a
        distance = edits(bits, size, text, row[b, 2], row[b, 2] + other)
        if kind == ID:
            if distance == 2 and short >= 6:
                level[i] = 2
            elif distance == 1 and short >= 4:
                level[i] = 3
        elif distance <= 1:
            level[i] = 2 if kind == PHONE else 3
    return level


def _address_levels(codes: Array, left: Array, right: Array, text: Array, row: Array) -> Array:
    """Levels of `AddressFeature`. Values have their words in order; after the start in each row: codes of house number
    and street.
    """
    level = np.zeros(len(left), np.uint8)
    bits = np.zeros(256, np.uint64)
    ready = -1
    for i in range(len(left)):
        a, b = codes[left[i]], codes[right[i]]
        if a < 0 or b < 0:
            continue
        if a == b:
            level[i] = 5
            continue
        found = 1
        if row[a, 4] >= 0 and row[a, 4] == row[b, 4]:
            found = 3
        else:
            size, other = row[a, 1], row[b, 1]
            total = size + other
            if total > 0 and 200 * most_common(row, a, b) >= 65 * total:
                if size > WORD or other > WORD:
                    level[i] = LATER
                    continue
                if ready != a:
                    if ready >= 0:
                        forget(bits, text, row[ready, 2], row[ready, 2] + row[ready, 1])
                    prepare(bits, text, row[a, 2], row[a, 2] + size)
                    ready = a
                apart = total - 2 * common(bits, text, row[b, 2], row[b, 2] + other)
                ratio = np.float32((1.0 - apart / total) * 100.0)
                found = 3 if ratio >= np.float32(82) else 2 if ratio >= np.float32(65) else 1
        if found == 3 and row[a, 3] >= 0 and row[a, 3] == row[b, 3]:
            found = 4
        level[i] = found
    return level


def _date_levels(codes: Array, left: Array, right: Array, row: Array) -> Array:
    """Levels of `DateFeature`. row int64[values, 4]: digits, one in each byte, then year, month and day."""
    level = np.zeros(len(left), np.uint8)
    for i in range(len(left)):
        a, b = codes[left[i]], codes[right[i]]
        if a < 0 or b < 0:
            continue
        if a == b:
            level[i] = 7
            continue
        x_month, y_month, x_day, y_day = row[a, 2], row[b, 2], row[a, 3], row[b, 3]
        apart = abs(row[a, 1] - row[b, 1])
        year, month, day = apart == 0, x_month == y_month, x_day == y_day
        unknown_month = x_month == 0 or y_month == 0
        if unknown_month or x_day == 0 or y_day == 0:
            level[i] = 6 if year and (unknown_month or month) else 2 if apart <= 1 else 1
        elif _one_typo(row[a, 0], row[b, 0]) or (year and x_month == y_day and x_day == y_month):
            level[i] = 5
        elif (year and (month or day)) or (month and day and apart <= 10):
            level[i] = 4
        elif year or (month and day):
            level[i] = 3
        else:
            level[i] = 2 if apart <= 10 else 1
    return level


def _usual_levels(codes: Array, left: Array, right: Array, place: Array, levels: Array) -> Array:
    """Levels of pairs of usual values from a table, LATER for all other pairs. place: of each value there, or -1."""
    level = np.full(len(left), LATER, np.uint8)
    for i in range(len(left)):
        a, b = codes[left[i]], codes[right[i]]
        if a < 0 or b < 0:
            level[i] = 0
        elif place[a] >= 0 and place[b] >= 0:
            level[i] = levels[place[a], place[b]]
    return level
