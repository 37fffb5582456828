"""Clustering under constraints."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolution.cluster import ClusterLimits, Constraints, cluster, link_strength
from resolution.decisions import ContradictoryDecisionsError

Edge = tuple[int, int, float, str]


def edges(*rows: Edge) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["left", "right", "match_weight", "kind"])
    frame["match_probability"] = 1 / (1 + 2.0 ** -frame["match_weight"].astype(float))
    frame["evidence"] = frame["kind"]
    return frame.astype({"left": "int32", "right": "int32", "match_weight": "float32"})


def groups(labels: np.ndarray) -> list[str]:
    parts: dict[int, str] = {}
    for i, label in enumerate(labels.tolist()):
        assert labels[label] == label, "a label is the lowest position of its cluster"
        parts[label] = parts.get(label, "") + str(i)
    return sorted(parts.values())


def complete(members: range, weight: float = 9.0) -> list[Edge]:
    return [(a, b, weight, "probable") for a in members for b in members if a < b]


def test_components_and_singles() -> None:
    assert groups(cluster(5, edges((0, 1, 9, "probable"), (1, 2, 20, "certain")))) == ["012", "3", "4"]


def test_nothing_at_all() -> None:
    assert cluster(0, edges()).tolist() == []
    assert groups(cluster(2, edges())) == ["0", "1"]


def test_edges_below_the_threshold_do_not_link() -> None:
    few = edges((0, 1, 2, "probable"))
    assert groups(cluster(2, few, Constraints(limits=ClusterLimits(threshold=0.9)))) == ["0", "1"]


def test_a_decision_to_keep_apart_drops_the_weakest_evidence() -> None:
    rows = edges((0, 1, 20, "certain"), (1, 2, 9, "probable"), (2, 3, 20, "certain"))
    apart = Constraints(cannot_link=np.array([[0, 3]]))
    assert groups(cluster(4, rows, apart)) == ["01", "23"]


def test_a_decision_to_join_wins_over_every_contradiction() -> None:
    accounts = pd.DataFrame({"position": [0, 1], "namespace": [1, 1], "value": [7, 8]})
    rules = Constraints(must_link=np.array([[0, 1]]), accounts=accounts, birth_day=np.array([19800101, 19950505]))
    assert groups(cluster(2, edges(), rules)) == ["01"]


def test_decisions_that_contradict_each_other_are_an_error() -> None:
    rules = Constraints(must_link=np.array([[0, 1], [1, 2]]), cannot_link=np.array([[0, 2]]))
    with pytest.raises(ContradictoryDecisionsError, match="revoke"):
        cluster(3, edges(), rules)


def test_two_verified_accounts_never_end_in_one_customer() -> None:
    accounts = pd.DataFrame({"position": [0, 3], "namespace": [1, 1], "value": [7, 8]})
    rows = edges((0, 1, 26, "certain"), (1, 2, 13, "certain"), (2, 3, 26, "certain"))
    assert groups(cluster(4, rows, Constraints(accounts=accounts))) == ["01", "23"]


def test_a_forced_customer_of_two_accounts_still_takes_records_of_either() -> None:
    accounts = pd.DataFrame({"position": [0, 1, 2, 3], "namespace": [1] * 4, "value": [7, 8, 7, 9]})
    rows = edges((0, 2, 26, "certain"), (1, 3, 20, "certain"))
    rules = Constraints(must_link=np.array([[0, 1]]), accounts=accounts)
    assert groups(cluster(4, rows, rules)) == ["012", "3"]


@pytest.mark.parametrize(
    ("other", "together"),
    [(19800101, True), (19810101, True), (19800102, True), (19850607, False), (19810201, False)],
)
def test_birth_dates_may_be_mistyped_but_not_different(other: int, together: bool) -> None:
    born = Constraints(birth_day=np.array([19800101, other]))
    assert (len(groups(cluster(2, edges((0, 1, 13, "certain")), born))) == 1) is together


def test_day_and_month_exchanged_is_one_birth_date() -> None:
    born = Constraints(birth_day=np.array([19800311, 19801103]))
    assert groups(cluster(2, edges((0, 1, 9, "probable")), born)) == ["01"]


def test_a_duplicate_free_source_gives_one_record_per_customer() -> None:
    rows = edges((0, 2, 12, "probable"), (1, 2, 9, "probable"))
    assert groups(cluster(3, rows, Constraints(source=np.array([0, 0, 1])))) == ["02", "1"]


def test_a_weak_bridge_between_dense_groups_is_cut() -> None:
    rows = [*complete(range(4)), *complete(range(4, 8)), (0, 4, 3.0, "probable")]
    assert groups(cluster(8, edges(*rows))) == ["0123", "4567"]


def test_a_certain_bridge_holds() -> None:
    rows = [*complete(range(4)), *complete(range(4, 8)), (0, 4, 20.0, "certain")]
    assert groups(cluster(8, edges(*rows))) == ["01234567"]


def test_a_chain_of_strangers_does_not_become_one_customer() -> None:
    chain = [(i, i + 1, 4.0, "probable") for i in range(199)]
    sizes = np.bincount(cluster(200, edges(*chain)))
    assert sizes.max() <= 6


def test_no_giant_cluster() -> None:
    star = [(0, i, 18.0, "certain") for i in range(1, 50)]
    labels = cluster(50, edges(*star), Constraints(limits=ClusterLimits(max_size=10)))
    assert np.bincount(labels).max() == 10


graph = st.lists(
    st.tuples(
        st.integers(0, 9), st.integers(0, 9), st.sampled_from([2.0, 4.5, 9.0, 13.0, 20.0]),
        st.sampled_from(["certain", "probable"]),
    ),
    max_size=25,
)  # fmt: skip
pair = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] != p[1])


def _unique(rows: list[Edge]) -> list[Edge]:
    found = {(min(a, b), max(a, b), kind): w for a, b, w, kind in rows if a != b}
    return [(a, b, w, kind) for (a, b, kind), w in found.items()]


@settings(max_examples=60, deadline=None)
@given(graph, st.lists(pair, max_size=4), st.randoms(use_true_random=False))
def test_invariants_order_independence_and_locality(rows: list[Edge], apart: list[tuple[int, int]], rng) -> None:
    rows = _unique(rows)
    accounts = pd.DataFrame({"position": [0, 3, 6], "namespace": [1, 1, 1], "value": [1, 2, 3]})
    born = np.array([19800101, 0, 19900505, 0, 0, 19800101, 19711231, 0, 0, 0])
    cannot = np.array(apart).reshape(-1, 2)
    rules = Constraints(cannot_link=cannot, accounts=accounts, birth_day=born)
    labels = cluster(10, edges(*rows), rules)
    for a, b in apart:
        assert labels[a] != labels[b]
    assert len({labels[0], labels[3], labels[6]}) == 3
    assert labels[0] != labels[2] and labels[2] != labels[6]
    assert np.array_equal(labels, cluster(10, edges(*rng.sample(rows, len(rows))), rules))
    # Other components elsewhere change nothing: the same records, ten positions on, beside a copy of themselves.
    twice = edges(*rows, *[(a + 10, b + 10, w, k) for a, b, w, k in rows])
    both = Constraints(
        cannot_link=np.concatenate([cannot, cannot + 10]),
        accounts=pd.concat([accounts, accounts.assign(position=accounts["position"] + 10)]),
        birth_day=np.concatenate([born, born]),
    )
    assert np.array_equal(cluster(20, twice, both), np.concatenate([labels, labels + 10]))


def test_link_strength_is_the_weakest_link_of_the_best_path() -> None:
    rows = edges((0, 1, 20, "certain"), (1, 2, 5, "probable"), (0, 2, 3, "probable"))
    kind, probability = link_strength(cluster(4, rows), rows)
    assert kind.tolist() == ["certain", "certain", "probable", "single"]
    assert probability[2] == pytest.approx(1 / (1 + 2.0**-5))
    assert np.isnan(probability[3])
