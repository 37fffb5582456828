"""Competition between records of duplicate-free sources, and the expected figures of clusters, against enumeration."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from resolution import expectation
from resolution.cluster import Constraints, cluster_with_refusals
from resolution.competition import competing_weights, with_competition
from resolution.decided import cluster_with_decisions
from resolution.expectation import SILENCE, expected_right

SOURCE = np.array([0, 0, 0, 1, 1, 1])


def odds(weight: np.ndarray) -> np.ndarray:
    return np.exp2(weight)


def one_to_one_marginals(left: np.ndarray, right: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Probability of every pair over all one-to-one matchings, each weighing the product of its pairs' strengths."""
    total, inside = 0.0, np.zeros(len(left))
    for size in range(len(left) + 1):
        for chosen in map(list, combinations(range(len(left)), size)):
            ends = [*left[chosen], *right[chosen]]
            if len(set(ends)) == len(ends):
                weight = float(np.prod(strength[chosen]))
                total += weight
                inside[chosen] += weight
    return inside / total


def test_competition_finds_the_marginals_of_all_matchings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolution.competition.ROUNDS", 1)
    monkeypatch.setattr("resolution.competition.SWEEPS", 60)
    left, right = np.array([0, 0, 1, 2]), np.array([3, 4, 4, 5])  # a tree: exact
    weight = np.array([1.0, 0.5, -1.0, -2.0])
    alone = odds(weight) / (1 + odds(weight))
    free = (1 - alone.sum() / 3) ** 2
    found = competing_weights(left, right, weight, SOURCE)
    exact = one_to_one_marginals(left, right, odds(weight) / free)
    assert odds(found) / (1 + odds(found)) == pytest.approx(exact, abs=2e-3)


def test_rivals_share_and_the_lonely_gain() -> None:
    left, right = np.array([0, 0, 1]), np.array([3, 4, 5])
    found = competing_weights(left, right, np.array([6.0, 6.0, 1.0]), SOURCE)
    assert found[0] == found[1] and found[0] < 1.0  # two equal candidates: neither is likely
    assert found[2] > 1.0
    swapped = competing_weights(left[::-1], right[::-1], np.array([1.0, 6.0, 6.0]), SOURCE)
    assert np.array_equal(swapped[::-1], found)


def test_only_probable_edges_between_duplicate_free_sources_are_judged_anew() -> None:
    edges = pd.DataFrame({
        "left": np.int32([0, 0, 1, 2]), "right": np.int32([3, 4, 6, 5]), "kind": ["probable"] * 3 + ["certain"],
        "match_weight": np.float32([3, 3, 3, 3]), "match_probability": [8 / 9] * 4, "evidence": "e",
    })  # fmt: skip
    after = with_competition(edges, np.array([0, 0, 0, 1, 1, 1, -1]))
    assert (after["match_weight"][:2] < 3).all() and (after["match_probability"][:2] < 0.6).all()
    pd.testing.assert_frame_equal(after[2:], edges[2:])
    assert with_competition(edges, None) is edges


@pytest.mark.parametrize("few", [10**9, -1])
def test_expected_right_pairs(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if few > 0:
        monkeypatch.setattr(expectation._compiled, "cache_info", lambda: type("Info", (), {"currsize": 0}))
    monkeypatch.setattr(expectation, "FEW", few)
    labels = np.array([0, 0, 0, 3, 3, 5])
    left, right, share = np.array([0, 1, 3, 0, 4]), np.array([1, 2, 4, 2, 5]), np.array([0.9, 0.8, 0.7, 0.1, 0.6])
    path = 0.9 * 0.8
    # Among duplicate-free sources the path counts, however weak the pair's own evidence.
    free = expected_right(labels, left, right, share, np.array([0, 1, 2, 0, 1, 2]))
    assert free == pytest.approx(0.9 + 0.8 + path + 0.7)
    mean = 1 / (1 + np.sqrt((1 - path) / path * 9))
    assert expected_right(labels, left, right, share, None) == pytest.approx(0.9 + 0.8 + mean + 0.7)
    silent = [0, 1, 2]
    quiet = expected_right(labels, left[silent], right[silent], share[silent], None)
    assert quiet == pytest.approx(0.9 + 0.8 + path / (path + SILENCE * (1 - path)) + 0.7)


def test_refused_links_are_counted_by_reason() -> None:
    edges = pd.DataFrame({
        "left": np.int32([0, 1, 3, 4]), "right": np.int32([2, 2, 5, 5]), "kind": "probable", "evidence": "e",
        "match_weight": np.float32([9, 8, 9, 8]), "match_probability": 0.99,
    })  # fmt: skip
    rules = Constraints(source=np.array([0, 0, 1, -1, -1, -1]), cannot_link=np.array([[3, 4]]))
    labels, refused = cluster_with_refusals(6, edges, rules)
    assert labels.tolist() == [0, 1, 0, 3, 4, 3]
    assert refused.counts() == {"decision": 1, "source": 1}
    assert refused.table().to_dict("list") == {"left": [1, 4], "right": [2, 5], "reason": ["source", "decision"]}
    # Decisions join what was refused, and part what was joined: only what is apart in the end counts.
    joined, refused = cluster_with_decisions(6, edges, replace(rules, must_link=np.array([[0, 1], [4, 5]])))
    assert joined.tolist() == [0, 0, 0, 3, 4, 4]
    assert refused.table().to_dict("list") == {"left": [3], "right": [5], "reason": ["decision"]}
