"""Which components need the careful algorithm; all others are clusters as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolution.components import components

if TYPE_CHECKING:
    import numpy as np

    from resolution.cluster import Constraints


def suspicious_components(
    n: int,
    component: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    is_certain: np.ndarray,
    must: np.ndarray,
    cannot: np.ndarray,
    rules: Constraints,
) -> np.ndarray:
    """bool[components]: those that are too large, hold a contradiction or hang together sparsely.

    component int64[n]; left, right int64[e], is_certain bool[e]: rows of linked pairs, a pair may have several.
    """
    import numpy as np

    count = int(component.max()) + 1 if n else 0
    size = np.bincount(component, minlength=count)
    bad = size > rules.limits.max_size
    if len(cannot):
        same = component[cannot[:, 0]] == component[cannot[:, 1]]
        bad[component[cannot[same, 0]]] = True
    if rules.accounts is not None and len(rules.accounts):
        held = rules.accounts
        owner = component[held["position"].to_numpy(np.int64)]
        bad |= _several(owner, held["namespace"].to_numpy(), held["value"].to_numpy(), size)
    if rules.birth_day is not None:
        known = np.flatnonzero(rules.birth_day > 0)
        bad |= _several(component[known], None, rules.birth_day[known], size)
    if rules.source is not None:
        known = np.flatnonzero(rules.source >= 0)
        bad |= _several(component[known], rules.source[known], known, size)
    if rules.names is not None:
        known = np.flatnonzero(rules.names.given >= 0)
        bad |= _several(component[known], None, rules.names.given[known], size)
    return bad | _sparse(n, component, left, right, is_certain, must, size)


def _several(owner: np.ndarray, group: np.ndarray | None, value: np.ndarray, size: np.ndarray) -> np.ndarray:
    """bool per owner: whether it has more than one distinct value in some group."""
    import numpy as np
    import pandas as pd

    bad = np.zeros(len(size), dtype=bool)
    several = size[owner] > 1
    owner, value = owner[several], value[several]
    if group is None:
        slot, slots = owner, len(size)
    else:
        codes, groups = pd.factorize(group[several])
        slot, kept = pd.factorize(owner * max(len(groups), 1) + codes)
        slots = len(kept)
    # Every slot remembers one of its values; who differs from it is a second one.
    one = np.empty(slots, dtype=value.dtype)
    one[slot] = value
    bad[owner[one[slot] != value]] = True
    return bad


def _sparse(
    n: int,
    component: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    is_certain: np.ndarray,
    must: np.ndarray,
    size: np.ndarray,
) -> np.ndarray:
    """Components of four or more groups (records joined by certain evidence are one) that are far from complete.

    With at most 30 % of a group's partners missing, every cut keeps enough cross evidence; nothing could be refused.
    """
    import numpy as np

    bad = np.zeros(len(size), dtype=bool)
    # Fewer than four records cannot be four groups: nearly all components are small, and cost nothing from here on.
    large = size >= 4
    probable = ~is_certain & large[component[left]]
    if not probable.any():
        return bad
    a, b = left[probable], right[probable]
    if is_certain.any() or len(must):
        group = components(n, np.r_[left[is_certain], must[:, 0]], np.r_[right[is_certain], must[:, 1]])
        owner = np.empty(int(group.max()) + 1, dtype=np.int64)
        owner[group] = component
        a, b = group[a], group[b]
        size = np.bincount(owner, minlength=len(size))
    else:
        owner = component
    apart = a != b
    cross = np.sort(np.minimum(a, b)[apart] << 32 | np.maximum(a, b)[apart])
    cross = cross[np.r_[True, cross[1:] != cross[:-1]]] if len(cross) else cross
    degree = np.bincount(cross >> 32, minlength=len(owner)) + np.bincount(cross & 0xFFFFFFFF, minlength=len(owner))
    missing = size[owner] - 1 - degree
    bad[owner[(size[owner] >= 4) & (missing > 0.3 * size[owner])]] = True
    return bad
