"""What must hold whatever nights bring."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.resolution_registry.golden_ledger import Ledger

KEYS = [f"k{i}" for i in range(9)]
Night = dict[str, int]
night = st.dictionaries(st.sampled_from(KEYS), st.integers(0, 4), min_size=1)


def clusters_of(night: Night) -> list[list[str]]:
    parts: dict[int, list[str]] = {}
    for key, cluster in night.items():
        parts.setdefault(cluster, []).append(key)
    return list(parts.values())


@settings(max_examples=40, deadline=None)
@given(st.lists(night, min_size=1, max_size=5))
def test_any_history_keeps_the_rules(nights: list[Night]) -> None:
    ledger = Ledger()
    for one in nights:
        before = dict(ledger.links)
        ledger.night(*clusters_of(one))  # the ledger itself checks the sum of customers and that no id is issued twice
        assert ledger.partition() == {frozenset(c) for c in clusters_of(one)}
        live = {g for g, s in ledger.status.items() if s == "live"}
        assert set(ledger.links.values()) == live
        unchanged = {frozenset(k for k in before if before[k] == g) for g in before.values()} & ledger.partition()
        for part in unchanged:
            # A customer whose records stay exactly together keeps its id: ids never swap.
            assert {before[k] for k in part} == {ledger.links[k] for k in part}
    for golden, status in ledger.status.items():
        members = {k for k, g in ledger.every if g == golden and k in ledger.links}
        assert bool(ledger.resolves(golden)) == bool(members)
        target = ledger.merged_into[golden]
        if status == "merged":
            assert target is not None
        if target is not None:  # any id resolves in one step
            assert ledger.status[target] != "merged"


@settings(max_examples=40, deadline=None)
@given(night, st.integers(1, 9), st.lists(st.integers(0, 2), min_size=5, max_size=5), st.booleans())
def test_merges_taken_apart_give_every_part_its_id(last: Night, known: int, into: list[int], all_of_them: bool) -> None:
    ledger = Ledger()
    for one in (dict(list(last.items())[:known]), last):  # some are older than others
        ledger.night(*clusters_of(one))
    before = dict(ledger.links)
    coarse = {key: into[cluster] for key, cluster in last.items()}
    ledger.night(*clusters_of(coarse))
    if all_of_them:
        ledger.night(*clusters_of(dict.fromkeys(last, 0)))
    ledger.night(*clusters_of(last))
    assert ledger.links == before


@settings(max_examples=30, deadline=None)
@given(st.lists(night, min_size=2, max_size=5), st.integers(0, 3))
def test_a_rollback_restores_the_ids_of_any_run(nights: list[Night], back_to: int) -> None:
    """Records known then have the ids that they had then; newer ones stay with the customer they are in, or alone."""
    ledger = Ledger()
    snapshots = []
    for one in nights:
        ledger.night(*clusters_of(one))
        snapshots.append(dict(ledger.links))
    then = snapshots[min(back_to, len(snapshots) - 2)]
    target = {key: then.get(key, golden) for key, golden in ledger.links.items()}
    names = sorted(set(target.values()))
    parts = [[key for key in target if target[key] == name] for name in names]
    ledger.night(*parts, wanted=dict(enumerate(names)))
    assert ledger.links == target
    again = ledger.night(*parts, wanted=dict(enumerate(names)))
    assert again.events.is_empty()


@settings(max_examples=20, deadline=None)
@given(st.lists(night, min_size=1, max_size=3))
def test_replay_is_a_no_op(nights: list[Night]) -> None:
    ledger = Ledger()
    for one in nights:
        ledger.night(*clusters_of(one))
        before, status = dict(ledger.links), dict(ledger.status)
        again = ledger.night(*clusters_of(one)[::-1])
        assert again.events.is_empty()
        assert ledger.links == before
        assert ledger.status == status


@settings(max_examples=20, deadline=None)
@given(st.lists(night, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_rows(nights: list[Night], rng) -> None:
    straight, shuffled = Ledger(), Ledger()
    for one in nights:
        straight.night(*clusters_of(one))
        mixed = [rng.sample(c, len(c)) for c in rng.sample(clusters_of(one), len(clusters_of(one)))]
        shuffled.night(*mixed)
    assert straight.links == shuffled.links
    assert straight.status == shuffled.status
