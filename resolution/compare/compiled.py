"""String comparisons of many pairs in machine code: the levels of `features` straight from codes, pair by pair.

Pairs come in ascending order of the left record, so that what a bit-parallel comparison prepares of the left value
serves many right ones; telling distinct pairs of values apart first would take longer than comparing them. Results are
those of rapidfuzz: Jaro 1989 and Winkler 1990; optimal string alignment and longest common subsequence after Hyyrö
2003 and 2004. Values longer than a machine word are left to it (level LATER).
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

import numpy as np

Array = np.ndarray
Pair = tuple[np.ndarray, np.ndarray]
"""Characters of all values as small numbers (uint8), and where each value begins (int64, one more than values)."""
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

    for helper in (_prepare, _forget, _jaro_winkler, _edits, _common, _share_words, _share_any, _one_typo):
        register_jitable(helper)
    return {
        function.__name__.strip("_"): compiled(function)
        for function in (_string_levels, _email_levels, _edit_levels, _address_levels, _date_levels)
    }


def _prepare(bits: Array, text: Array, begin: int, end: int) -> None:
    """Set, for each character of a value, the bits of the places where it stands."""
    one = np.uint64(1)
    for i in range(begin, end):
        bits[text[i]] |= one << np.uint64(i - begin)


def _forget(bits: Array, text: Array, begin: int, end: int) -> None:
    for i in range(begin, end):
        bits[text[i]] = np.uint64(0)


def _jaro_winkler(bits: Array, text: Array, a: int, a_end: int, b: int, b_end: int) -> float:
    """bits: places of the characters of text[a:a_end]."""
    size, other = a_end - a, b_end - b
    reach = max(max(size, other) // 2 - 1, 0)
    zero, one, all_ones = np.uint64(0), np.uint64(1), ~np.uint64(0)
    taken = zero
    found = zero
    common = 0
    for j in range(min(other, size + reach)):
        low, high = max(j - reach, 0), min(j + reach + 1, size)
        window = (all_ones << np.uint64(low)) & (all_ones >> np.uint64(64 - high))
        free = bits[text[b + j]] & window & ~taken
        if free != zero:
            taken |= free & (~free + one)
            found |= one << np.uint64(j)
            common += 1
    if common == 0:
        return 0.0
    crossed = 0
    while found != zero:
        lowest = taken & (~taken + one)
        taken ^= lowest
        j = 0
        last = found & (~found + one)
        found ^= last
        while last > one:
            last >>= one
            j += 1
        if bits[text[b + j]] & lowest == zero:
            crossed += 1
    half = crossed // 2
    alike = (common / size + common / other + (common - half) / common) / 3.0
    if alike > 0.7:
        same = 0
        while same < min(4, size, other) and text[a + same] == text[b + same]:
            same += 1
        alike += same * 0.1 * (1.0 - alike)
    return alike


def _edits(bits: Array, size: int, text: Array, b: int, b_end: int) -> int:
    """Edits (a transposition is one) between the prepared value of `size` characters and text[b:b_end]."""
    zero, one = np.uint64(0), np.uint64(1)
    last = one << np.uint64(size - 1)
    up, down, diagonal, before = ~zero, zero, zero, zero
    distance = size
    for j in range(b, b_end):
        here = bits[text[j]]
        swapped = (((~diagonal) & here) << one) & before
        diagonal = (((here & up) + up) ^ up) | here | down | swapped
        right = down | ~(diagonal | up)
        left = diagonal & up
        if right & last != zero:
            distance += 1
        if left & last != zero:
            distance -= 1
        right = (right << one) | one
        left = left << one
        up = left | ~(diagonal | right)
        down = right & diagonal
        before = here
    return distance


def _common(bits: Array, text: Array, b: int, b_end: int) -> int:
    """Length of the longest common subsequence of the prepared value and text[b:b_end]."""
    zero, one = np.uint64(0), np.uint64(1)
    state = ~zero
    for j in range(b, b_end):
        match = state & bits[text[j]]
        state = (state + match) | (state - match)
    state = ~state
    count = 0
    while state != zero:
        state &= state - one
        count += 1
    return count


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


def _one_typo(digits: Array, a: int, b: int) -> bool:
    """Dates that differ in one digit, or in two neighbouring digits that changed places."""
    count, at, next_at = 0, 0, 0
    for i in range(digits.shape[1]):
        if digits[a, i] != digits[b, i]:
            count += 1
            if count == 1:
                at = i
            next_at = i
    if count == 2 and next_at == at + 1:
        return bool(digits[a, at] == digits[b, next_at] and digits[a, next_at] == digits[b, at])
    return count == 1


def _string_levels(
    codes: Array, left: Array, right: Array, values: Pair, words: Pair, first_word: Array, roots: Pair, is_given: bool
) -> Array:
    """Levels of `StringFeature`, or of `GivenNameFeature` where is_given. words: those of each value; roots: the formal
    names that a given name stands for; both as (start, items).
    """
    (text, start), (word_start, word), (root_start, root) = values, words, roots
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
        x, x_end, y, y_end = start[a], start[a + 1], start[b], start[b + 1]
        size, other = x_end - x, y_end - y
        if size > WORD or other > WORD:
            level[i] = LATER
            continue
        if is_given and first_word[a] != first_word[b] and _share_any(root_start, root, a, b):
            level[i] = 6
            continue
        if ready != a:
            if ready >= 0:
                _forget(bits, text, start[ready], start[ready + 1])
            _prepare(bits, text, x, x_end)
            ready = a
        short = min(size, other)
        similarity = _jaro_winkler(bits, text, x, x_end, y, y_end)
        alike = np.float32(similarity)
        if similarity >= 0.6 and abs(size - other) <= 2:
            distance = _edits(bits, size, text, y, y_end)
            if (distance == 1 and short >= 3) or (distance == 2 and short >= 7):
                level[i] = top - np.uint8(3 if is_given else 1)
                continue
        if is_given:
            close = (alike >= np.float32(0.9) and short > 1) or first_word[a] == first_word[b]
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


def _email_levels(
    codes: Array, left: Array, right: Array, values: Pair, local_length: Array, mailbox: Pair, figures: Pair
) -> Array:
    """Levels of `EmailFeature`. mailbox: codes of each value's base mailbox and local part; figures: code of its
    digits, and how many there are.
    """
    (text, start), (base, local), (digits, digit_count) = values, mailbox, figures
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
        if base[a] >= 0 and base[a] == base[b]:
            level[i] = 5
            continue
        x, x_end, y, y_end = start[a], start[a + 1], start[b], start[b + 1]
        if x_end - x > WORD or y_end - y > WORD:
            level[i] = LATER
            continue
        if ready != a:
            if ready >= 0:
                _forget(bits, text, start[ready], start[ready] + local_length[ready])
            _prepare(bits, text, x, x + local_length[a])
            ready = a
        similarity = 1.0 if local_length[a] == 0 and local_length[b] == 0 else 0.0
        if local_length[a] > 0 and local_length[b] > 0:
            similarity = _jaro_winkler(bits, text, x, x + local_length[a], y, y + local_length[b])
        found = 1
        if similarity >= 0.7:
            if np.float32(similarity) >= np.float32(0.9) and min(local_length[a], local_length[b]) >= 4:
                found = 2
            if abs((x_end - x) - (y_end - y)) <= 2:
                if ready_whole != a:
                    if ready_whole >= 0:
                        _forget(whole, text, start[ready_whole], start[ready_whole + 1])
                    _prepare(whole, text, x, x_end)
                    ready_whole = a
                distance = _edits(whole, x_end - x, text, y, y_end)
                same = digits[a] == digits[b]
                if (distance <= 2 and same) or (distance == 1 and digit_count[a] == digit_count[b]):
                    found = 4
        if found < 3 and local[a] >= 0 and local[a] == local[b]:
            found = 3
        level[i] = found
    return level


def _edit_levels(codes: Array, left: Array, right: Array, values: Pair, part: Array, kind: int) -> Array:
    """Levels of `PhoneFeature`, `PostcodeFeature` and `IdFeature` (kind). part: code of a phone's last digits or of a
    postcode's area.
    """
    text, start = values
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
        x, x_end, y, y_end = start[a], start[a + 1], start[b], start[b + 1]
        size, other = x_end - x, y_end - y
        if size > WORD or other > WORD:
            level[i] = LATER
            continue
        short = min(size, other)
        same_part = kind != ID and part[a] == part[b]
        if kind == PHONE and same_part and short >= 7:
            level[i] = 3
            continue
        if kind == POSTCODE and same_part and short > 2:
            level[i] = 2
            continue
        level[i] = 1
        if abs(size - other) > cutoff:
            continue
        if ready != a:
            if ready >= 0:
                _forget(bits, text, start[ready], start[ready + 1])
            _prepare(bits, text, x, x_end)
            ready = a
        distance = _edits(bits, size, text, y, y_end)
        if kind == ID:
            if distance == 2 and short >= 6:
                level[i] = 2
            elif distance == 1 and short >= 4:
                level[i] = 3
        elif distance <= 1:
            level[i] = 2 if kind == PHONE else 3
    return level


def _address_levels(codes: Array, left: Array, right: Array, values: Pair, number: Array, street: Array) -> Array:
    """Levels of `AddressFeature`. values: those with their words in order; number, street: codes of the parts."""
    text, start = values
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
        if street[a] >= 0 and street[a] == street[b]:
            found = 3
        else:
            x, x_end, y, y_end = start[a], start[a + 1], start[b], start[b + 1]
            size, other = x_end - x, y_end - y
            if size > WORD or other > WORD:
                level[i] = LATER
                continue
            total = size + other
            if total > 0 and 200 * min(size, other) >= 65 * total:
                if ready != a:
                    if ready >= 0:
                        _forget(bits, text, start[ready], start[ready + 1])
                    _prepare(bits, text, x, x_end)
                    ready = a
                apart = total - 2 * _common(bits, text, y, y_end)
                ratio = np.float32((1.0 - apart / total) * 100.0)
                found = 3 if ratio >= np.float32(82) else 2 if ratio >= np.float32(65) else 1
        if found == 3 and number[a] >= 0 and number[a] == number[b]:
            found = 4
        level[i] = found
    return level


def _date_levels(codes: Array, left: Array, right: Array, number: Array, digits: Array) -> Array:
    """Levels of `DateFeature`. number int64[values]: YYYYMMDD; digits int8[values, 8]."""
    level = np.zeros(len(left), np.uint8)
    for i in range(len(left)):
        a, b = codes[left[i]], codes[right[i]]
        if a < 0 or b < 0:
            continue
        if a == b:
            level[i] = 7
            continue
        x, y = number[a], number[b]
        x_month, y_month, x_day, y_day = x // 100 % 100, y // 100 % 100, x % 100, y % 100
        apart = abs(x // 10_000 - y // 10_000)
        year, month, day = apart == 0, x_month == y_month, x_day == y_day
        unknown_month = x_month == 0 or y_month == 0
        if unknown_month or x_day == 0 or y_day == 0:
            level[i] = 6 if year and (unknown_month or month) else 2 if apart <= 1 else 1
        elif _one_typo(digits, a, b) or (year and x_month == y_day and x_day == y_month):
            level[i] = 5
        elif (year and (month or day)) or (month and day and apart <= 10):
            level[i] = 4
        elif year or (month and day):
            level[i] = 3
        else:
            level[i] = 2 if apart <= 10 else 1
    return level
