"""Bit-parallel building blocks of string comparisons, for code that is compiled: Jaro 1989 and Winkler 1990; optimal
string alignment and longest common subsequence after Hyyrö 2003 and 2004. Values have at most 64 characters.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray


def count_bits(number: Any) -> int:
    """Set bits of a uint64. The compiler knows this loop and makes one instruction of it."""
    count = 0
    while number != np.uint64(0):
        number &= number - np.uint64(1)
        count += 1
    return count


def most_common(row: Array, a: int, b: int) -> Any:
    """The most characters that two values can have in common, each in its place or not: characters that only one of
    them has at all are left over. row: see `fast.rows`.
    """
    one, other = np.uint64(row[a, 0]), np.uint64(row[b, 0])
    return min(row[a, 1] - count_bits(one & ~other), row[b, 1] - count_bits(other & ~one))


def prepare(bits: Array, text: Array, begin: int, end: int) -> None:
    """Set, for each character of a value, the bits of the places where it stands."""
    one = np.uint64(1)
    for i in range(begin, end):
        bits[text[i]] |= one << np.uint64(i - begin)


def forget(bits: Array, text: Array, begin: int, end: int) -> None:
    for i in range(begin, end):
        bits[text[i]] = np.uint64(0)


def jaro_winkler(bits: Array, text: Array, a: int, a_end: int, b: int, b_end: int) -> float:
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
        first = found & (~found + one)
        found ^= first
        j = count_bits(first - one)  # its place
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


def edits(bits: Array, size: int, text: Array, b: int, b_end: int) -> int:
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


def common(bits: Array, text: Array, b: int, b_end: int) -> int:
    """Length of the longest common subsequence of the prepared value and text[b:b_end]."""
    state = ~np.uint64(0)
    for j in range(b, b_end):
        match = state & bits[text[j]]
        state = (state + match) | (state - match)
    return count_bits(~state)


HELPERS = (count_bits, most_common, prepare, forget, jaro_winkler, edits, common)
"""In the order in which they call each other."""
