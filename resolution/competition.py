"""Records of duplicate-free sources compete: each has at most one record of the same person in every other such source.

Seen alone, a pair has the odds that its attributes give. Where sources are free of duplicates more is known: two good
candidates in one source share the chance between them, and a mediocre one without rivals gains, the more so the more
persons both sources are known to share. The marginals of such a one-to-one matching are found by belief propagation
(Bayati, Shah, Sharma 2008; exact on trees): every record tells each candidate how free it is, given all its others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 2
"""Estimates of how many persons two sources share, from the evidence of the round before. More would feed on itself."""
SWEEPS = 10
LEAST_FREE = 0.05
"""Share of a source's records that could at least be without a partner in another source."""
MOST_BITS = 30.0


def with_competition(edges: pd.DataFrame, source: np.ndarray | None) -> pd.DataFrame:
    """The edges with match_weight and match_probability of probable ones between duplicate-free sources judged anew.

    source: int64[n], code of a record's duplicate-free source, -1 = none. Other edges and all other columns stay.
    """
    if source is None or len(edges) == 0 or not (source >= 0).any():
        return edges
    left, right = edges["left"].to_numpy(np.int64), edges["right"].to_numpy(np.int64)
    competing = (source[left] >= 0) & (source[right] >= 0) & (source[left] != source[right])
    if "kind" in edges:
        competing &= (edges["kind"] == "probable").to_numpy()
    if not competing.any():
        return edges
    weight = edges["match_weight"].to_numpy(np.float64)
    weight[competing] = competing_weights(left[competing], right[competing], weight[competing], source)
    share = edges["match_probability"].to_numpy(np.float64).copy()
    share[competing] = 1.0 / (1.0 + np.exp2(-weight[competing]))
    return edges.assign(match_weight=weight.astype(np.float32), match_probability=share)


def competing_weights(left: np.ndarray, right: np.ndarray, weight: np.ndarray, source: np.ndarray) -> np.ndarray:
    """float64[e]: log2 odds of each pair (int64 left, right; float64 weight, seen alone) under competition.

    Every pair is there once, and its records are of different sources.
    """
    sources = int(source.max()) + 1
    records = np.bincount(source[source >= 0], minlength=sources).astype(np.float64)
    ours, theirs = source[left], source[right]
    rivals_left, rivals_right = _codes(left * sources + theirs), _codes(right * sources + ours)
    between = _codes(np.minimum(ours, theirs) * sources + np.maximum(ours, theirs))
    odds = np.exp2(np.clip(weight, -MOST_BITS, MOST_BITS))
    alone = np.bincount(between, odds / (1 + odds))
    shared = alone
    free_left = free_right = np.ones(len(odds))
    for _ in range(ROUNDS):
        # A pair's prior: persons shared by the two sources, over all pairs of records that are still free.
        unmatched = np.maximum(1 - shared[between] / records[ours], LEAST_FREE)
        unmatched = unmatched * np.maximum(1 - shared[between] / records[theirs], LEAST_FREE)
        strength = odds * (shared / np.maximum(alone, 1e-300))[between] / unmatched
        for _ in range(SWEEPS):
            # Damped, so that equal rivals settle instead of taking turns.
            fresh_left = _freedom(strength * free_right, rivals_left)
            fresh_right = _freedom(strength * free_left, rivals_right)
            free_left, free_right = (free_left + fresh_left) / 2, (free_right + fresh_right) / 2
        final = strength * free_left * free_right
        shared = np.bincount(between, final / (1 + final))
    # Rounded, so that the order of sums never decides anything.
    return np.round(np.log2(np.maximum(final, 1e-300)), 3)


def _freedom(offer: np.ndarray, rivals: np.ndarray) -> np.ndarray:
    """How free a record is for one candidate, given the offers of all its other candidates."""
    others = np.bincount(rivals, offer)[rivals] - offer
    return 1.0 / (1.0 + np.maximum(others, 0.0))


def _codes(values: np.ndarray) -> np.ndarray:
    import pandas as pd

    return pd.factorize(values)[0]
