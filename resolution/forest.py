"""The loop of careful clustering as one compiled kernel: strongest evidence first, refusing what contradicts.

Kruskal 1956 with union-find; members, accounts, birth dates and names of a group are linked lists in arrays, merged
small into large. Small inputs are run by the interpreter, so that nobody waits for the compiler; its output is kept on
disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FEW = 120_000
"""Up to so many linked pairs in all, the same code is interpreted, unless the compiled one is loaded already: loading
it takes the processor three times as long as the pairs of a night of ten thousand changes (83,000), and compiling it
where nobody has yet eighteen seconds."""
JOINED, INSIDE, TOO_LARGE, DECISION, ACCOUNT, SOURCE, BIRTH_DATE, NAMES, WEAK_BRIDGE = range(9)
"""What became of a linked pair. INSIDE: its records were together already."""
_interpreted = 0
"""Linked pairs that this process has interpreted so far: choosing a threshold clusters the same pairs many times."""
REASONS = {
    TOO_LARGE: "too_large",
    DECISION: "decision",
    ACCOUNT: "accounts",
    SOURCE: "source",
    BIRTH_DATE: "birth_date",
    NAMES: "names",
    WEAK_BRIDGE: "weak_bridge",
}


def grow_forest(
    nodes: int,
    must: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    weight: np.ndarray,
    is_certain: np.ndarray,
    apart_start: np.ndarray,
    apart: np.ndarray,
    item_start: np.ndarray,
    item_group: np.ndarray,
    item_value: np.ndarray,
    birth_day: np.ndarray,
    name: np.ndarray,
    unlike: np.ndarray,
    partner_start: np.ndarray,
    partner: np.ndarray,
    limits: tuple[int, float, int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Which linked pairs join their groups. All records are numbers below `nodes`.

    must int64[k, 2]: decisions to join. apart_start int64[nodes + 1], apart int64: per record those decided apart.
    left, right int64[e], weight int64[e], is_certain bool[e]: pairs in the order of their trial, certain first.
    item_start int64[nodes + 1], item_group, item_value int64[items]: what a group may have one value of (accounts, and
    as negative groups sources free of duplicates), per record, sorted by group and value.
    birth_day int64[nodes], 0 = unknown. name int64[nodes], -1 = unknown. unlike int64[k]: name << 32 | other name,
    sorted, both directions: names that cannot be one person's.
    partner_start int64[nodes + 1], partner int64: records linked by probable evidence.
    limits: most records, least density, weight of a strong edge, weight that joins across names.
    Returns (outcome int8[e], outcome of the decisions int8[k]): JOINED, INSIDE or the reason of the refusal.
    """
    global _interpreted
    few = _interpreted + len(left) <= FEW and _compiled.cache_info().currsize == 0
    _interpreted += len(left) if few else 0
    grow: Callable[..., tuple[np.ndarray, np.ndarray]] = _grow if few else _compiled()
    return grow(
        nodes, must, left, right, weight, is_certain, apart_start, apart, item_start, item_group, item_value,
        birth_day, name, unlike, partner_start, partner, *limits,
    )  # fmt: skip


@cache
def _compiled() -> Any:
    helpers = (_kept_apart, _items_clash, _births_clash, _names_clash, _cross_pairs, _near_hub, _merged, _distinct)
    return compiled(_grow, *helpers)


def compiled(kernel: Callable[..., Any], *helpers: Callable[..., Any]) -> Any:
    """A function and the helpers that it calls in machine code, made once: the output is kept beside their file, or
    below the home folder where the code may not be written to. The compiler is loaded here only.
    """
    import numba
    from numba.extending import register_jitable

    home = os.environ.get("JOURNEYLINE_HOME")
    if home and "NUMBA_CACHE_DIR" not in os.environ and not os.access(Path(__file__).parent, os.W_OK):
        os.environ["NUMBA_CACHE_DIR"] = str(Path(home) / "compiled")
        numba.config.reload_config()
    for helper in helpers:
        register_jitable(helper)
    return numba.njit(cache=True, nogil=True)(kernel)


def _grow(
    nodes: int,
    must: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    weight: np.ndarray,
    is_certain: np.ndarray,
    apart_start: np.ndarray,
    apart: np.ndarray,
    item_start: np.ndarray,
    item_group: np.ndarray,
    item_value: np.ndarray,
    birth_day: np.ndarray,
    name: np.ndarray,
    unlike: np.ndarray,
    partner_start: np.ndarray,
    partner: np.ndarray,
    max_size: int,
    min_density: float,
    strong: int,
    across: int,
) -> tuple[np.ndarray, np.ndarray]:
    root = np.arange(nodes)
    size = np.ones(nodes, np.int64)
    atoms = np.ones(nodes, np.int64)
    atom = np.arange(nodes)  # groups of records joined by certain evidence; bridges are judged between these
    following = np.full(nodes, -1, np.int64)  # the next member of the group
    last = np.arange(nodes)
    no_group = np.zeros(nodes, np.int64)
    item_next = np.full(len(item_value), -1, np.int64)
    item_head = np.full(nodes, -1, np.int64)
    birth_next = np.full(nodes, -1, np.int64)
    birth_head = np.full(nodes, -1, np.int64)
    name_next = np.full(nodes, -1, np.int64)
    name_head = np.full(nodes, -1, np.int64)
    has_apart = np.zeros(nodes, np.bool_)
    for node in range(nodes):
        has_apart[node] = apart_start[node + 1] > apart_start[node]
        if birth_day[node] > 0:
            birth_head[node] = node
        if name[node] >= 0:
            name_head[node] = node
        if item_start[node + 1] > item_start[node]:
            item_head[node] = item_start[node]
            for i in range(item_start[node], item_start[node + 1] - 1):
                item_next[i] = i + 1
    outcome = np.zeros(len(left), np.int8)
    decided = np.zeros(len(must), np.int8)
    atoms_known = False
    for step in range(-len(must), len(left)):
        decision = step < 0
        a = must[step + len(must), 0] if decision else left[step]
        b = must[step + len(must), 1] if decision else right[step]
        certain = decision or is_certain[step]
        if not certain and not atoms_known:
            # Certain evidence comes first: what hangs together now is one atom each.
            atoms_known = True
            atom[:] = root
        one, other = root[a], root[b]
        if one == other:
            if decision:
                decided[step + len(must)] = 1
            else:
                outcome[step] = 1
            continue
        if size[one] < size[other]:
            a, b, one, other = b, a, other, one
        # `one` is the larger group and `a` its record.
        if not decision:
            refused = 0
            if size[one] + size[other] > max_size:
                refused = 2
            elif has_apart[one] and has_apart[other] and _kept_apart(one, other, root, following, apart_start, apart):
                refused = 3
            if refused == 0:
                refused = _items_clash(item_head[one], item_head[other], item_next, item_group, item_value)
            if refused == 0 and _births_clash(birth_head[one], birth_head[other], birth_next, birth_day):
                refused = 6
            clashes = refused == 0 and weight[step] < across
            if clashes and _names_clash(name_head[one], name_head[other], name_next, name, unlike):
                refused = 7
            possible = atoms[one] * atoms[other]
            if refused == 0 and not certain and weight[step] < strong and possible > 3:
                plain = atoms[one] == size[one] and atoms[other] == size[other]
                found = _cross_pairs(one, other, root, following, atom, partner_start, partner, plain)
                if found < min_density * possible:
                    refused = 8
                    if atoms[other] == 1 and _near_hub(a, root, following, atom, atoms, partner_start, partner):
                        refused = 0
                    if atoms[one] == 1 and _near_hub(b, root, following, atom, atoms, partner_start, partner):
                        refused = 0
            if refused > 0:
                outcome[step] = refused
                continue
        node = other
        while node >= 0:
            root[node] = one
            node = following[node]
        following[last[one]] = other
        last[one] = last[other]
        size[one] += size[other]
        if not certain:
            atoms[one] += atoms[other]
        has_apart[one] = has_apart[one] or has_apart[other]
        item_head[one] = _merged(item_head[one], item_head[other], item_next, item_group, item_value)
        birth_head[one] = _merged(birth_head[one], birth_head[other], birth_next, no_group, birth_day)
        name_head[one] = _merged(name_head[one], name_head[other], name_next, no_group, name)
    return outcome, decided


def _kept_apart(
    one: int, other: int, root: np.ndarray, following: np.ndarray, apart_start: np.ndarray, apart: np.ndarray
) -> bool:
    """Whether a decision keeps a record of `other` and one of `one` apart."""
    node = other
    while node >= 0:
        for k in range(apart_start[node], apart_start[node + 1]):
            if root[apart[k]] == one:
                return True
        node = following[node]
    return False


def _items_clash(i: int, j: int, following: np.ndarray, group: np.ndarray, value: np.ndarray) -> int:
    """Reason of refusal when two lists, sorted by group and value, hold different values of one group; else 0.

    A decision may have joined two values; then either of them may come again, but no third.
    """
    while i >= 0 and j >= 0:
        if group[i] < group[j]:
            i = following[i]
        elif group[i] > group[j]:
            j = following[j]
        else:
            here = group[i]
            only_i, only_j = 0, 0
            on_i, on_j = True, True
            while on_i or on_j:
                if on_i and on_j and value[i] == value[j]:
                    i, j = following[i], following[j]
                elif on_i and (not on_j or value[i] < value[j]):
                    only_i += 1
                    i = following[i]
                else:
                    only_j += 1
                    j = following[j]
                on_i = i >= 0 and group[i] == here
                on_j = j >= 0 and group[j] == here
            if only_i > 0 and only_j > 0:
                return 5 if here < 0 else 4
    return 0


def _births_clash(i: int, j: int, following: np.ndarray, day: np.ndarray) -> bool:
    """Whether two lists hold dates (year*10000 + month*100 + day) that cannot be one person's.

    One differing part, or day and month exchanged, is how the same date is mistyped; two differing parts are two
    people.
    """
    start = j
    while i >= 0:
        j = start
        while j >= 0:
            x, y = day[i], day[j]
            if x != y:
                years, months, days = x // 10000 != y // 10000, x // 100 % 100 != y // 100 % 100, x % 100 != y % 100
                swapped = not years and x // 100 % 100 == y % 100 and x % 100 == y // 100 % 100
                if not swapped and int(years) + int(months) + int(days) >= 2:
                    return True
            j = following[j]
        i = following[i]
    return False


def _names_clash(i: int, j: int, following: np.ndarray, name: np.ndarray, unlike: np.ndarray) -> bool:
    """Whether both lists hold names, and no name of one can be a name of the other."""
    start = j
    if i < 0 or j < 0:
        return False
    while i >= 0:
        j = start
        while j >= 0:
            key = name[i] << 32 | name[j]
            low, high = 0, len(unlike)
            while low < high:
                middle = (low + high) // 2
                if unlike[middle] < key:
                    low = middle + 1
                else:
                    high = middle
            if low == len(unlike) or unlike[low] != key:
                return False
            j = following[j]
        i = following[i]
    return True


def _cross_pairs(
    one: int,
    other: int,
    root: np.ndarray,
    following: np.ndarray,
    atom: np.ndarray,
    partner_start: np.ndarray,
    partner: np.ndarray,
    plain: bool,
) -> int:
    """Pairs of atoms of the two groups that carry evidence. plain: every atom is one record."""
    found = 0
    pairs = np.empty(0 if plain else 64, np.int64)
    node = other
    while node >= 0:
        for k in range(partner_start[node], partner_start[node + 1]):
            if root[partner[k]] == one:
                if not plain:
                    if found == len(pairs):
                        larger = np.empty(2 * found, np.int64)
                        larger[:found] = pairs
                        pairs = larger
                    pairs[found] = atom[node] << 32 | atom[partner[k]]
                found += 1
        node = following[node]
    return found if plain else _distinct(pairs[:found])


def _near_hub(
    hub: int,
    root: np.ndarray,
    following: np.ndarray,
    atom: np.ndarray,
    atoms: np.ndarray,
    partner_start: np.ndarray,
    partner: np.ndarray,
) -> bool:
    """Whether most of a group hangs on the atom of one of its records (a full record between sparse ones).

    The end of a chain is no hub.
    """
    home = root[hub]
    found = 0
    near = np.empty(64, np.int64)
    node = home
    while node >= 0:
        if atom[node] == atom[hub]:
            for k in range(partner_start[node], partner_start[node + 1]):
                if root[partner[k]] == home and atom[partner[k]] != atom[hub]:
                    if found == len(near):
                        larger = np.empty(2 * found, np.int64)
                        larger[:found] = near
                        near = larger
                    near[found] = atom[partner[k]]
                    found += 1
        node = following[node]
    return 2 * _distinct(near[:found]) >= atoms[home] - 1


def _distinct(values: np.ndarray) -> int:
    """Number of distinct values."""
    ordered = np.sort(values)
    count = 0
    for k in range(len(ordered)):
        if k == 0 or ordered[k] != ordered[k - 1]:
            count += 1
    return count


def _merged(i: int, j: int, following: np.ndarray, group: np.ndarray, value: np.ndarray) -> int:
    """Head of the union of two lists sorted by group and value."""
    if j < 0:
        return i
    if i < 0:
        return j
    head, tail = -1, -1
    while i >= 0 and j >= 0:
        if group[i] == group[j] and value[i] == value[j]:
            taken = i
            i, j = following[i], following[j]
        elif group[i] < group[j] or (group[i] == group[j] and value[i] < value[j]):
            taken = i
            i = following[i]
        else:
            taken = j
            j = following[j]
        if tail < 0:
            head = taken
        else:
            following[tail] = taken
        tail = taken
    following[tail] = i if i >= 0 else j
    return head
