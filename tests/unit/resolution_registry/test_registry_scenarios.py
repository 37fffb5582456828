"""The named scenarios of a golden id's life."""

from __future__ import annotations

from resolution.registry import golden_id
from tests.unit.resolution_registry.golden_ledger import Ledger


def kinds(result) -> list[str]:
    return sorted(result.events["change_kind"].to_list())


def test_create_gives_deterministic_ids_that_follow_the_founding_record() -> None:
    first, second = Ledger(), Ledger()
    first.night("ab", "c")
    second.night("c", "ba")
    assert first.links == second.links
    assert first.id_of("a") == first.id_of("b") == golden_id("a", 0)
    assert first.id_of("c") != first.id_of("a")


def test_replaying_a_night_changes_nothing() -> None:
    ledger = Ledger()
    ledger.night("ab", "c")
    before = dict(ledger.links)
    again = ledger.night("c", "ab")
    assert again.events.is_empty()
    assert again.records_moved == 0
    assert ledger.links == before


def test_chain_merges_into_the_oldest() -> None:
    ledger = Ledger()
    ledger.night("a")
    ledger.night("a", "b")
    ledger.night("a", "b", "c")
    oldest = ledger.id_of("a")
    ledger.night("a", "bc")
    assert ledger.id_of("c") == golden_id("b", 0)
    ledger.night("abc")
    assert {ledger.id_of(k) for k in "abc"} == {oldest}
    # any id resolves in one step, whatever it went through
    assert ledger.merged_into[golden_id("c", 0)] == ledger.merged_into[golden_id("b", 0)] == oldest
    assert ledger.resolves(golden_id("c", 0)) == {oldest}


def test_fan_in_merges_all_into_one() -> None:
    ledger = Ledger()
    ledger.night("a", "b", "c", "d")
    smallest = min(ledger.links.values())
    result = ledger.night("abcde")
    assert kinds(result) == ["merge"] * 3
    assert set(ledger.links.values()) == {smallest}
    assert result.records_moved == 3


def test_age_beats_the_smallest_id() -> None:
    ledger = Ledger()
    ledger.night("z")
    ledger.night("z", *"abcdefgh")
    ledger.night("abcdefghz")
    assert set(ledger.links.values()) == {golden_id("z", 0)}


def test_diamond_ends_in_one_customer() -> None:
    ledger = Ledger()
    ledger.night("a", "b", "c", "d")
    ledger.night("ab", "cd")
    left, right = ledger.id_of("a"), ledger.id_of("c")
    result = ledger.night("abcd")
    assert kinds(result) == ["merge"]
    assert set(ledger.links.values()) == {min(left, right)}


def test_long_chain_keeps_the_first_id_for_a_hundred_nights() -> None:
    ledger = Ledger()
    keys: list[str] = []
    for night in range(100):
        keys.append(f"r{night:03}")
        ledger.night(keys)
    assert set(ledger.links.values()) == {golden_id("r000", 0)}
    assert ledger.live == 1


def test_split_by_decision_leaves_the_id_with_the_larger_part() -> None:
    ledger = Ledger()
    ledger.night("abcd")
    old = ledger.id_of("a")
    result = ledger.night("a", "bcd")
    assert ledger.id_of("b") == old
    assert ledger.id_of("a") == golden_id("a", 1) != old
    assert kinds(result) == ["split"]
    assert result.records_moved == 1
    assert ledger.resolves(old) == {old, ledger.id_of("a")}


def test_split_in_equal_parts_leaves_the_id_with_the_oldest_record() -> None:
    ledger = Ledger()
    ledger.night("z")
    ledger.night("az")
    old = ledger.id_of("z")
    ledger.night("a", "z")
    assert ledger.id_of("z") == old
    assert ledger.id_of("a") == golden_id("a", 0)


def test_new_records_do_not_decide_who_keeps_the_id() -> None:
    ledger = Ledger()
    ledger.night("abc")
    old = ledger.id_of("a")
    ledger.night("ab", "cvwxyz")
    assert ledger.id_of("a") == old
    assert ledger.id_of("v") != old


def test_merge_then_split_back_gives_both_parts_their_ids() -> None:
    ledger = Ledger()
    ledger.night("a")
    ledger.night("a", "bcd")
    before = dict(ledger.links)
    first, second = ledger.id_of("a"), ledger.id_of("b")
    ledger.night("abcdn")
    assert set(ledger.links.values()) == {first} and ledger.merged_into[second] == first
    result = ledger.night("an", "bcd")
    assert {k: ledger.links[k] for k in before} == before  # the smaller part too: the id is its own
    assert kinds(result) == ["revive"]
    event = result.events.row(0, named=True)
    assert (event["from_id"], event["to_id"], event["records_moved"]) == (first, second, 3)
    assert ledger.status[second] == "live" and ledger.merged_into[second] is None


def test_a_chain_of_merges_taken_apart_gives_every_part_its_id() -> None:
    ledger = Ledger()
    for night in (["a"], ["a", "b"], ["a", "b", "cde"]):
        ledger.night(*night)
    before = dict(ledger.links)
    ledger.night("a", "bcde")
    ledger.night("abcde")
    ledger.night("a", "b", "cde")
    assert ledger.links == before


def test_a_minority_of_a_merged_id_does_not_take_it_back() -> None:
    ledger = Ledger()
    ledger.night("a")
    ledger.night("a", "bcd")
    second = ledger.id_of("b")
    ledger.night("abcd")
    ledger.night("abc", "d")
    assert ledger.status[second] == "merged" and ledger.merged_into[second] == ledger.id_of("a")
    assert ledger.id_of("d") == golden_id("d", 0)


def test_a_closed_id_points_at_whoever_holds_most_of_its_records() -> None:
    ledger = Ledger()
    ledger.night("a")
    ledger.night("a", "bcd")
    ledger.night("a", "bcd", "xy")
    second, third = ledger.id_of("b"), ledger.id_of("x")
    ledger.night("abcd", "xy")
    assert ledger.merged_into[second] == ledger.id_of("a")
    result = ledger.night("ab", "cdxy")
    assert ledger.id_of("c") == third and ledger.merged_into[second] == third
    assert kinds(result) == ["split"]


def test_revival_gives_a_returning_record_its_id_back() -> None:
    ledger = Ledger()
    ledger.night("ab", "c")
    old = ledger.id_of("c")
    result = ledger.night("ab")
    assert kinds(result) == ["retire"] and ledger.status[old] == "retired"
    result = ledger.night("ab", "cx")
    assert kinds(result) == ["revive"]
    assert ledger.id_of("c") == ledger.id_of("x") == old
    assert ledger.status[old] == "live"


def test_a_record_that_returns_to_a_live_customer_revives_nothing() -> None:
    ledger = Ledger()
    ledger.night("ab", "c")
    old = ledger.id_of("c")
    ledger.night("ab")
    result = ledger.night("abc")
    assert result.events.is_empty()
    assert ledger.status[old] == "retired"
    assert ledger.resolves(old) == {ledger.merged_into[old]} == {ledger.id_of("a")}


def test_erasure_in_mid_chain_splits_and_never_revives() -> None:
    ledger = Ledger()
    ledger.night("abc", "e")
    old, gone = ledger.id_of("a"), ledger.id_of("e")
    result = ledger.night("a", "c", erased=("b", "e"))
    assert kinds(result) == ["delete", "split"]
    assert ledger.id_of("a") == old
    assert ledger.status[gone] == "deleted"
    ledger.night("a", "c", "e")
    assert ledger.id_of("e") == golden_id("e", 1) != gone
    assert ledger.status[gone] == "deleted"


def test_a_part_that_moves_to_another_customer_is_told_but_not_counted_as_a_new_one() -> None:
    ledger = Ledger()
    ledger.night("abc", "xy")
    result = ledger.night("ab", "cxy")
    assert kinds(result) == ["split"]
    assert result.count("split") == 0
    assert result.records_moved == 1


def test_merge_and_split_in_one_night_stay_accountable() -> None:
    ledger = Ledger()
    ledger.night("a")
    ledger.night("a", "bcde")
    second = ledger.id_of("b")
    result = ledger.night("abcd", "e")
    assert kinds(result) == ["merge", "split"]
    assert ledger.status[second] == "merged"
    assert ledger.resolves(second) == {ledger.id_of("a"), ledger.id_of("e")}


def test_merges_name_the_evidence_that_joined() -> None:
    import polars as pl

    from resolution.registry import assign

    ledger = Ledger()
    ledger.night("ab", "c")
    clusters = pl.DataFrame({"source_record_key": ["a", "b", "c"], "cluster": [0, 0, 0]})
    edges = pl.DataFrame({"left_key": ["a", "b"], "right_key": ["b", "c"], "evidence": ["phone", "email"]})
    result = assign(ledger.registry(), clusters, edges=edges)
    assert result.events["evidence"].to_list() == [["email"]]
    assert result.events["reason"].to_list() == ["evidence"]


def test_events_say_what_a_decision_did() -> None:
    import polars as pl

    from resolution.registry import assign

    ledger = Ledger()
    ledger.night("abc", "d")
    clusters = pl.DataFrame({"source_record_key": list("abcd"), "cluster": [0, 0, 2, 0]})
    edges = pl.DataFrame(
        {"left_key": ["a", "a"], "right_key": ["c", "d"], "evidence": ["different", "same"]},
    )
    result = assign(ledger.registry(), clusters, edges=edges)
    assert dict(result.events.select("change_kind", "reason").iter_rows()) == {"merge": "decision", "split": "decision"}
    undone = assign(ledger.registry(), clusters, edges=edges, reason="rollback of run 7")
    assert set(undone.events["reason"]) == {"rollback of run 7"}
