"""What a decision is worth: checked against counting by hand and against taking the link away."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from resolution.cluster import cluster
from resolution.reviewing import BELOW, LINKED, REFUSED, review_pairs


def edge_table(rows: list[tuple[int, int, float]], kind: str = "probable") -> pd.DataFrame:
    left, right, p = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    p = np.array(p, float)
    return pd.DataFrame(
        {
            "left": np.array(left, np.int32),
            "right": np.array(right, np.int32),
            "match_weight": np.log2(p / (1 - p)).astype(np.float32),
            "match_probability": p,
            "kind": kind,
            "evidence": "name=same",
        }
    )


def test_the_link_between_two_groups_is_asked_first() -> None:
    # Two triangles of sure links, joined by one doubtful link; a seventh record is just below the threshold.
    sure = [(0, 1, 0.999), (0, 2, 0.999), (1, 2, 0.999), (3, 4, 0.999), (3, 5, 0.999), (4, 5, 0.999)]
    edges = edge_table([*sure, (2, 3, 0.9), (5, 6, 0.4), (4, 6, 0.3)])
    labels = np.array([0, 0, 0, 0, 0, 0, 6])
    asked = review_pairs(labels, edges, 0.8)
    # 3 x 3 pairs hang on the bridge, each wrong with .1: .9. Of record 6's pairs with the six others .4 + .3 are right.
    assert [(r.left, r.right, r.pairs, r.reason) for r in asked.head(2).itertuples()] == [
        (2, 3, 9, LINKED),
        (5, 6, 6, BELOW),
    ]
    assert np.allclose(asked["value"].head(2), [0.9, 0.7])
    assert len(asked) == 2 + 4, "of two triangles only the four links that hold them are questions"


def test_answered_pairs_and_decisions_are_not_asked_again_and_refusals_count_half() -> None:
    edges = pd.concat([edge_table([(0, 1, 0.9), (2, 3, 0.97)]), edge_table([(4, 5, 0.999)], "decision")])
    labels = np.array([0, 0, 2, 3, 4, 4])
    asked = review_pairs(labels, edges, 0.8, decided=np.array([[1, 0]]))
    assert [(r.left, r.right, r.value, r.reason) for r in asked.itertuples()] == [(2, 3, 0.5, REFUSED)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, pd.DataFrame]:
    n = draw(st.integers(1, 12))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []
    return n, edge_table([(i, j, draw(st.integers(1, 999)) / 1000) for i, j in chosen])


@given(graphs(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_pairs_are_what_taking_a_link_away_parts(graph: tuple[int, pd.DataFrame], random) -> None:  # type: ignore[no-untyped-def]
    n, edges = graph
    labels = cluster(n, edges[edges["match_probability"] >= 0.5])
    asked = review_pairs(labels, edges, 0.5)
    shuffled = edges.sample(frac=1, random_state=random.randint(0, 9)).reset_index(drop=True)
    assert asked.equals(review_pairs(labels, shuffled, 0.5)), "the order of the edges does not matter"
    for row in asked[asked["is_linked"]].itertuples():
        others = asked[asked["is_linked"] & ~((asked["left"] == row.left) & (asked["right"] == row.right))]
        sides = _components(n, others)
        assert sides[row.left] != sides[row.right], "every link asked is one that the customer falls apart without"
        assert row.pairs == (sides == sides[row.left]).sum() * (sides == sides[row.right]).sum()
    between = asked[~asked["is_linked"]]
    customers = [frozenset((labels[r.left], labels[r.right])) for r in between.itertuples()]
    assert len(customers) == len(set(customers)), "one question between two customers"


def _components(n: int, links: pd.DataFrame) -> np.ndarray:
    label = np.arange(n)
    for row in links.itertuples():
        label[label == label[row.right]] = label[row.left]
    return label
